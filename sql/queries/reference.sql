-- write-queue --
-- Name a queue and give it its place.
INSERT INTO queue (queue, name, channel, position) VALUES (:queue, :name, coalesce(:channel, 'phone'), coalesce(:position, 1000))
ON CONFLICT (queue) DO UPDATE SET name = excluded.name, channel = excluded.channel, position = excluded.position;

-- write-service-target --
-- Say what is promised to those who wait in a queue, and how the people who answer are planned.
INSERT INTO service_target (queue, valid_from, answer_threshold_seconds, service_level_target, short_abandon_seconds, longest_wait_limit_seconds,
                            wrap_up_limit_seconds, max_occupancy, shrinkage, hourly_cost)
VALUES (:queue, coalesce(cast(:valid_from AS timestamptz), '-infinity'), :answer_threshold_seconds, :service_level_target, coalesce(:short_abandon_seconds, 5),
        :longest_wait_limit_seconds, :wrap_up_limit_seconds, :max_occupancy, coalesce(:shrinkage, 0.30), :hourly_cost)
ON CONFLICT (queue, valid_from) DO UPDATE SET
    answer_threshold_seconds = excluded.answer_threshold_seconds, service_level_target = excluded.service_level_target,
    short_abandon_seconds = excluded.short_abandon_seconds, longest_wait_limit_seconds = excluded.longest_wait_limit_seconds,
    wrap_up_limit_seconds = excluded.wrap_up_limit_seconds, max_occupancy = excluded.max_occupancy, shrinkage = excluded.shrinkage,
    hourly_cost = excluded.hourly_cost;

-- write-request-target --
-- Say by when requests of a type or department are to be closed, and how large a share of them.
INSERT INTO request_target (department, service_name, valid_from, due_days, day_kind, on_time_target)
VALUES (coalesce(:department, '*'), coalesce(:service, '*'), coalesce(cast(:valid_from AS timestamptz), '-infinity'), :due_days, coalesce(:days, 'calendar'), :on_time_target)
ON CONFLICT (department, service_name, valid_from) DO UPDATE SET
    due_days = excluded.due_days, day_kind = excluded.day_kind, on_time_target = excluded.on_time_target;

-- write-department --
-- Name a department and give it its place.
INSERT INTO department (department, name, position) VALUES (:department, :name, coalesce(:position, 1000))
ON CONFLICT (department) DO UPDATE SET name = excluded.name, position = excluded.position;

-- write-service --
-- Say whose a type of request is, and whether it is a booking or a work log.
INSERT INTO service (service_name, department, left_out_of_reopening) VALUES (:service, :department, coalesce(:left_out_of_reopening, false))
ON CONFLICT (service_name) DO UPDATE SET department = excluded.department, left_out_of_reopening = excluded.left_out_of_reopening;

-- write-closing-phrase --
-- Keep words in the notes of a closing that mean: closed without work.
INSERT INTO closing_phrase (phrase) VALUES (:phrase) ON CONFLICT DO NOTHING;

-- write-incident --
-- Keep an incident.
INSERT INTO incident (name, kind, onset_at, ended_at, opened_at) VALUES (:name, :kind, :onset_at, :ended_at, :onset_at)
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, onset_at = excluded.onset_at, ended_at = excluded.ended_at;

-- write-answer-loaded --
-- Keep an approved answer from a file as a new version, unless its words are those that the file had when it was loaded last: what people changed on the screen since then stays.
WITH known AS (
    SELECT answer_id FROM approved_answer WHERE question = :question ORDER BY saved_by = 'a file' DESC, version_id DESC LIMIT 1
), loaded AS (
    SELECT a.* FROM approved_answer AS a JOIN known USING (answer_id) WHERE a.saved_by = 'a file' ORDER BY a.version_id DESC LIMIT 1
)
INSERT INTO approved_answer (answer_id, topic, question, answer, search_words, owner, source, verified_at, review_by, saved_by)
SELECT coalesce((SELECT answer_id FROM known), nextval('approved_answer_number')), :topic, :question, :answer, coalesce(cast(:search_words AS text[]), '{}'), :owner,
       :source, cast(:verified_at AS timestamptz), cast(:review_by AS timestamptz), 'a file'
WHERE NOT EXISTS (
    SELECT FROM loaded AS l
    WHERE (l.topic, l.question, l.answer, l.search_words, l.owner, l.source, l.verified_at, l.review_by)
        = (:topic, :question, :answer, coalesce(cast(:search_words AS text[]), '{}'), :owner, :source, cast(:verified_at AS timestamptz),
           cast(:review_by AS timestamptz)));

-- write-lifeline-types --
-- Say which types of requests tell of a lifeline, all of them.
WITH gone AS (
    DELETE FROM lifeline_type WHERE lifeline = :name AND service_name <> ALL (cast(:services AS text[]))
)
INSERT INTO lifeline_type (lifeline, service_name) SELECT DISTINCT cast(:name AS text), service FROM unnest(cast(:services AS text[])) AS service
ON CONFLICT DO NOTHING;

-- write-areas-of-kind-gone --
-- Forget the areas of a kind before they are loaded anew.
DELETE FROM area WHERE kind = :kind;

-- write-area --
-- Keep an area.
INSERT INTO area (kind, area, geometry) VALUES (:kind, :area, cast(:geometry AS jsonb));
