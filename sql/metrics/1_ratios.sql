-- The ratios, each defined once. Every one is NULL when there is nothing to divide by: no data is neither 100 % nor 0 %.

CREATE FUNCTION metric.share(part numeric, whole numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT (part / nullif(whole, 0))::double precision $$;

CREATE FUNCTION metric.service_level(answered_within numeric, answered numeric, abandoned numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(answered_within, answered + abandoned) $$;

CREATE FUNCTION metric.service_level_net_short(answered_within numeric, answered numeric, abandoned numeric, abandoned_short numeric)
RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(answered_within, answered + abandoned - abandoned_short) $$;

CREATE FUNCTION metric.service_level_late_abandon(answered_within numeric, answered numeric, abandoned numeric, abandoned_within numeric)
RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(answered_within, answered + abandoned - abandoned_within) $$;

CREATE FUNCTION metric.service_level_answered_only(answered_within numeric, answered numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(answered_within, answered) $$;

CREATE FUNCTION metric.service_level_removed(
    answered_within numeric, abandoned_within numeric, callback_within numeric, answered numeric, abandoned numeric, callback numeric
) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT metric.share(answered_within + abandoned_within + callback_within, answered + abandoned + callback)
$$;

CREATE FUNCTION metric.abandon_share(abandoned numeric, offered numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(abandoned, offered) $$;

CREATE FUNCTION metric.average_speed_of_answer_seconds(answered_wait_seconds numeric, answered numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(answered_wait_seconds, answered) $$;

CREATE FUNCTION metric.average_talk_seconds(talk_seconds numeric, ended numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(talk_seconds, ended) $$;

CREATE FUNCTION metric.average_handle_seconds(handle_seconds numeric, ended numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(handle_seconds, ended) $$;

CREATE FUNCTION metric.occupancy(busy_seconds numeric, available_seconds numeric) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT metric.share(busy_seconds, busy_seconds + available_seconds) $$;
