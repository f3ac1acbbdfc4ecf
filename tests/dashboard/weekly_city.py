"""A made-up city for the weekly review: 30 weeks and the same weeks a year ago, of which one department fell in the newest.

The same rows at every run. WEEK is long over, so that a test never meets a running week; it lies around a change of the clocks.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

import psycopg

from dashboard.weekly_week import Week, parse

ZONE = ZoneInfo("America/New_York")
WEEK = parse("2025-W45")  # November 3 to 9; the clocks went back on November 2
HOSTILE = "<b>#eval(1)</b> $x$ *all* [a](b) \\"
# name, requests a week, share on time, the same in the newest week, target, how many are closed at all
DEPARTMENTS = (
    ("Streets", 120, 0.84, 0.55, 0.85, 1.0),
    ("Trash & recycling", 160, 0.94, 0.94, 0.90, 1.0),
    ("Licenses & inspections", 60, 0.76, 0.76, 0.90, 0.9),
    ("Water", 70, 0.95, 0.95, 0.90, 1.0),
    ("Parks & recreation", 40, 0.80, 0.80, None, 1.0),
    (HOSTILE, 2, 1.0, 1.0, None, 1.0),
)
_REQUESTS = """
INSERT INTO request (service_request_id, status, requested_datetime, updated_datetime, snapshot_version, expected_datetime, service_name, department,
                     status_notes, address, usable_location, source, first_requested, last_requested, seen_closed)
SELECT id, CASE WHEN closed THEN 'closed' ELSE 'open' END, at, at, '', due, type, %(name)s, note, address, true, 'made up', at, at,
       CASE WHEN closed THEN ARRAY[due + CASE WHEN on_time THEN interval '-1 day' ELSE interval '3 days' END] ELSE '{}'::timestamptz[] END
FROM (
    SELECT id, at, at + interval '4 days' AS due, dice %% 1000 < 1000 * CASE WHEN at + interval '4 days' >= %(starts)s THEN %(newest)s ELSE %(share)s END AS on_time,
           dice %% 997 < 997 * %(closing)s AS closed, %(name)s || ' type ' || i %% 3 AS type, (dice %% 400) || ' Main Street' AS address,
           CASE WHEN dice %% 13 = 0 THEN 'Case was a duplicate' ELSE 'Done' END AS note
    FROM (
        SELECT %(name)s || w || '-' || i AS id, i, abs(hashtext(%(name)s || w || '-' || i)) AS dice,
               %(starts)s - make_interval(weeks => w) + make_interval(secs => (i - 0.5) * 7 * 86400 / (%(count)s + abs(hashtext(%(name)s || w)) %% 9)) AS at
        FROM generate_series(0, 29) AS w CROSS JOIN generate_series(1, %(count)s + abs(hashtext(%(name)s || w)) %% 9) AS i
        UNION ALL
        SELECT %(name)s || 'ago' || i, i, abs(hashtext(%(name)s || i)), %(ago)s + make_interval(secs => (i - 0.5) * 14 * 86400 / (2 * %(count)s))
        FROM generate_series(1, 2 * %(count)s) AS i
    ) AS born
) AS made
"""
_CONTACTS = """
INSERT INTO contact_interval
SELECT queue, at, outcome, bound, contacts, contacts * 15, 0, 0, 0, 0
FROM (VALUES ('general'), ('spanish')) AS queue (queue)
CROSS JOIN (SELECT %(starts)s + make_interval(days => d, hours => h) AS at, d, h FROM generate_series(-203, 6) AS d CROSS JOIN generate_series(8, 17) AS h) AS hour
CROSS JOIN LATERAL (VALUES
    ('answered', 20::real, 30 + abs(hashtext(queue || d || h)) %% 9), ('answered', 90::real, CASE WHEN d = 2 AND queue = 'spanish' THEN 40 ELSE 3 + abs(hashtext(queue || d)) %% 4 END),
    ('abandoned', 60::real, 1 + abs(hashtext(d || queue || h)) %% 3)
) AS result (outcome, bound, contacts)
"""


def fill(connection: psycopg.Connection, week: Week = WEEK) -> None:
    """Put the city into a migrated database and commit."""
    starts, ago = week.starts_at(ZONE), week.year_ago.starts_at(ZONE) - timedelta(days=7)
    for position, (name, count, share, newest, target, closing) in enumerate(DEPARTMENTS):
        given = {"name": name, "count": count, "share": share, "newest": newest, "closing": closing, "starts": starts, "ago": ago}
        connection.execute("INSERT INTO department VALUES (%(name)s, %(name)s, %(position)s)", given | {"position": position})
        connection.execute("INSERT INTO service (service_name) SELECT %(name)s || ' type ' || i FROM generate_series(0, 2) AS i", given)
        connection.execute(_REQUESTS, given)
        if target is not None:
            insert = "INSERT INTO request_target (department, valid_from, on_time_target) VALUES (%s, '-infinity', %s)"
            connection.execute(insert, (name, target))
    # one reopened in the week: open again from then on
    connection.execute(
        "UPDATE request SET seen_open = ARRAY[%s::timestamptz] WHERE service_request_id = 'Streets8-5'",
        (starts + timedelta(days=2, hours=3),),
    )
    storm = "UPDATE request SET service_name = 'Tree down' WHERE department = 'Parks & recreation' AND requested_datetime >= %s"
    connection.execute("INSERT INTO service (service_name) VALUES ('Tree down')")
    connection.execute(storm, (starts,))
    connection.execute("INSERT INTO closing_phrase VALUES ('duplicate') ON CONFLICT DO NOTHING")
    for queue in ("general", "spanish"):
        connection.execute("INSERT INTO queue (queue, name) VALUES (%s, %s)", (queue, queue.capitalize()))
    connection.execute(_CONTACTS, {"starts": starts})
    connection.execute(
        "INSERT INTO survey (survey_id, answered_at, score, scale, source) SELECT 's' || d || '-' || i, %s + make_interval(days => d, hours => 12), "
        "1 + least(4, abs(hashtext('s' || d || '-' || i)) %% 7), 5, 'made up' FROM generate_series(-203, 6) AS d CROSS JOIN generate_series(1, 8) AS i",
        (starts,),
    )
    searched = (
        ("Snow  emergency routes", 9, 0),
        (" snow emergency ROUTES", 3, 0),
        (HOSTILE, 6, 0),
        ("aunt mary's address", 4, 0),
        ("trash day", 30, 4),
    )
    for number, (term, times, found) in enumerate(searched):
        connection.execute(
            "INSERT INTO search (search_id, performed_at, term, answers, source) SELECT %s || i, %s + make_interval(hours => i), %s, %s, 'made up' "
            "FROM generate_series(1, %s) AS i",
            (f"{number}-", starts, term, found, times),
        )
    decided = week.back(1).monday
    for what, owner, due, done in (
        ("Hire back two plow-route clerks", "Streets", decided + timedelta(days=9), week.monday + timedelta(days=1)),
        ("Publish the pothole cohort by district", "Streets", decided + timedelta(days=20), None),
        (HOSTILE, "Licenses & inspections", decided + timedelta(days=4000 // 3), None),
        ("An action that was done long ago", "Water", decided, decided),
    ):
        connection.execute(
            "INSERT INTO review_action (decided_on, what, owner, due_on, done_on) VALUES (%s, %s, %s, %s, %s)",
            (decided, what, owner, due, done),
        )
    connection.commit()
