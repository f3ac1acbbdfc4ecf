-- Forecasts and staffing: the plan as it stands, and the chance that it holds.

-- The levels of every array of quantiles.
CREATE FUNCTION metric.quantile_levels() RETURNS double precision[] IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT ARRAY[0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]::double precision[]
$$;

-- The contacts that come with a chance of `level` or less: straight lines between the quantiles, the outermost beyond them.
-- A single expression, so that the planner writes it into the query: called as a function it would be most of what a plan costs.
CREATE FUNCTION metric.quantile_at(quantiles double precision[], level double precision) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE
        WHEN level IS NULL THEN NULL
        WHEN level < 0.01 THEN quantiles[1]
        WHEN level >= 0.99 THEN quantiles[13]
        ELSE quantiles[width_bucket(level, metric.quantile_levels())]
            + (quantiles[width_bucket(level, metric.quantile_levels()) + 1] - quantiles[width_bucket(level, metric.quantile_levels())])
            * (level - (metric.quantile_levels())[width_bucket(level, metric.quantile_levels())])
            / ((metric.quantile_levels())[width_bucket(level, metric.quantile_levels()) + 1]
                - (metric.quantile_levels())[width_bucket(level, metric.quantile_levels())])
    END
$$;

-- The chance that no more than `most` come: straight lines between the quantiles, from nothing to the first, and a thin tail after the last.
CREATE FUNCTION metric.chance_at_most(quantiles double precision[], most double precision) RETURNS double precision
IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
    levels CONSTANT double precision[] := metric.quantile_levels();
    place integer;
BEGIN
    IF most IS NULL OR quantiles IS NULL THEN
        RETURN NULL;
    END IF;
    place := width_bucket(most, quantiles);  -- how many quantiles are no more than `most`
    IF place = 0 THEN
        RETURN CASE WHEN most < 0 THEN 0 ELSE levels[1] * most / quantiles[1] END;
    ELSIF place = cardinality(quantiles) THEN
        RETURN 1 - (1 - levels[place]) * CASE WHEN most > 0 THEN quantiles[place] / most ELSE 0 END;
    END IF;
    RETURN levels[place] + (levels[place + 1] - levels[place]) * (most - quantiles[place]) / (quantiles[place + 1] - quantiles[place]);
END
$$;

-- The schedule of a period that holds as of an instant: of a queue's local day the newest upload that names it.
-- Of such a day every half hour is told: 0 people where the upload names none.
-- It tells its number of rows, and no plan is made of its inside (SET prevents it): right after an upload there are no statistics yet,
-- and a plan that takes thousands of half hours for three compares every one with every other.
CREATE FUNCTION metric.schedule(as_of timestamptz, from_at timestamptz, to_at timestamptz, zone text)
RETURNS TABLE (queue text, interval_start timestamptz, agents integer, upload_id bigint) STABLE ROWS 6000 SET jit = off LANGUAGE sql AS $$
    WITH told AS MATERIALIZED (
        SELECT s.queue, s.interval_start, s.agents, s.upload_id, date_trunc('day', s.interval_start, zone) AS day,
               max(s.upload_id) OVER (PARTITION BY s.queue, date_trunc('day', s.interval_start, zone)) AS newest
        FROM schedule AS s
        WHERE s.interval_start >= date_trunc('day', from_at, zone) AND s.interval_start < date_trunc('day', to_at, zone) + interval '25 hours'
          AND s.upload_id IN (SELECT u.upload_id FROM schedule_upload AS u WHERE u.uploaded_at <= as_of)
    ), half_hour AS (
        SELECT t.queue, t.interval_start, t.agents, t.upload_id FROM told AS t WHERE t.upload_id = t.newest
        UNION ALL
        SELECT d.queue, slot, 0, d.newest
        FROM (SELECT DISTINCT t.queue, t.day, t.newest FROM told AS t) AS d
        CROSS JOIN LATERAL generate_series(
            d.day, date_trunc('day', d.day + interval '36 hours', zone) - interval '30 minutes', interval '30 minutes'
        ) AS slot
    )
    SELECT h.queue, h.interval_start, max(h.agents), h.upload_id FROM half_hour AS h
    WHERE h.interval_start >= from_at AND h.interval_start < to_at GROUP BY h.queue, h.interval_start, h.upload_id
$$;

-- The same of all times.
CREATE FUNCTION metric.schedule(as_of timestamptz, zone text)
RETURNS TABLE (queue text, interval_start timestamptz, agents integer, upload_id bigint) STABLE LANGUAGE sql AS $$
    SELECT * FROM metric.schedule(as_of, '-infinity', 'infinity', zone)
$$;

-- The demand of a period as of an instant: of each half hour the newest run that names it, or a scenario; `factor` is what overrides make of it.
-- Each half hour is looked up in the index: the runs of two weeks, and today's every quarter hour, are never read as a whole.
-- It tells its number of rows for the same reason as the schedule.
CREATE FUNCTION metric.demand(as_of timestamptz, from_at timestamptz, to_at timestamptz, of_scenario bigint)
RETURNS TABLE (queue text, interval_start timestamptz, run_id bigint, yhat double precision, quantiles double precision[], factor double precision)
STABLE ROWS 6000 SET jit = off LANGUAGE sql AS $$
    WITH override AS MATERIALIZED (
        SELECT * FROM forecast_override AS o
        WHERE o.from_at < demand.to_at AND o.to_at > demand.from_at AND o.made_at <= as_of AND (o.withdrawn_at IS NULL OR o.withdrawn_at > as_of)
    ), expected AS (
        SELECT q.queue, slot AS interval_start, f.run_id, f.yhat, f.quantiles
        FROM (SELECT DISTINCT i.queue FROM staffing_input AS i WHERE of_scenario IS NULL) AS q
        CROSS JOIN generate_series(
            date_bin('30 minutes', from_at + interval '30 minutes' - interval '1 microsecond', '2000-01-01 00:00:00+00'),
            to_at - interval '1 microsecond', interval '30 minutes'
        ) AS slot
        CROSS JOIN LATERAL (
            SELECT f.run_id, f.yhat, f.quantiles FROM forecast_interval AS f JOIN forecast_run AS r USING (run_id)
            WHERE f.interval_start = slot AND f.queue = q.queue AND r.made_at <= as_of AND r.kind <> 'hindcast'
            ORDER BY f.run_id DESC LIMIT 1
        ) AS f
        UNION ALL
        SELECT f.queue, f.interval_start, s.run_id, f.yhat, f.quantiles
        FROM scenario_interval AS f JOIN scenario AS s USING (scenario_id)
        WHERE f.scenario_id = of_scenario AND f.interval_start >= from_at AND f.interval_start < to_at AND f.queue <> '*'  -- the total of the others
    )
    SELECT e.*, coalesce(o.factor, 1)
    FROM expected AS e
    LEFT JOIN LATERAL (
        SELECT exp(sum(ln(o.factor))) AS factor FROM override AS o
        WHERE o.queue IN (e.queue, '*') AND e.interval_start >= o.from_at AND e.interval_start < o.to_at
    ) AS o ON true
$$;

-- The forecast that holds as of an instant, before overrides.
CREATE FUNCTION metric.forecast(as_of timestamptz, from_at timestamptz, to_at timestamptz)
RETURNS TABLE (queue text, interval_start timestamptz, run_id bigint, yhat double precision, quantiles double precision[], factor double precision)
STABLE LANGUAGE sql AS $$
    SELECT * FROM metric.demand(as_of, from_at, to_at, NULL)
$$;

-- What so many people can take, by run and queue, as arrays in the order of the people: a plan looks thousands of half hours up in them.
-- Contacts are counted whole, so less than half a one is none, and nobody need be there for it.
CREATE FUNCTION metric.capacity(runs bigint[])
RETURNS TABLE (run_id bigint, queue text, agents integer[], contacts double precision[], falling double precision[]) STABLE LANGUAGE sql AS $$
    SELECT c.run_id, c.queue, array_agg(c.agents ORDER BY c.agents), array_agg(greatest(c.contacts, 0.5) ORDER BY c.agents),
           array_agg(-greatest(c.contacts, 0.5) ORDER BY c.contacts DESC)
    FROM staffing_capacity AS c WHERE c.run_id = ANY(runs) GROUP BY 1, 2
$$;

-- The least people for so many contacts; one more than any that was computed if those are not enough.
CREATE FUNCTION metric.people_for(agents integer[], falling double precision[], contacts double precision) RETURNS integer
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT coalesce(agents[cardinality(agents) - width_bucket(-contacts, falling) + 1], agents[cardinality(agents)] + 1)
$$;

-- The plan as of an instant, by the forecast or by a scenario: demand with overrides, people required so that the target is met with a
-- chance (and at the low and the high end of the band), people scheduled (NULL: the day has no schedule), and their chance.
CREATE FUNCTION metric.plan(
    as_of timestamptz, from_at timestamptz, to_at timestamptz, zone text, chance double precision, of_scenario bigint DEFAULT NULL
)
RETURNS TABLE (
    queue text, interval_start timestamptz, run_id bigint, yhat double precision, low double precision, median double precision,
    high double precision, factor double precision, required integer, scheduled integer, chance_met double precision,
    required_low integer, required_high integer, beyond boolean
) STABLE LANGUAGE sql AS $$
    WITH expected AS MATERIALIZED (
        SELECT f.*, metric.quantile_at(f.quantiles, 0.1) * f.factor AS low, metric.quantile_at(f.quantiles, 0.5) * f.factor AS median,
               metric.quantile_at(f.quantiles, 0.9) * f.factor AS high, metric.quantile_at(f.quantiles, chance) * f.factor AS wanted
        FROM metric.demand(as_of, from_at, to_at, of_scenario) AS f
    ), basis AS MATERIALIZED (
        -- a run of today alone rests on the full run before it
        SELECT e.queue, e.run_id, (
            SELECT max(i.run_id) FROM staffing_input AS i WHERE i.queue = e.queue AND i.run_id <= e.run_id
        ) AS basis_run_id
        FROM (SELECT DISTINCT e.queue, e.run_id FROM expected AS e) AS e
    ), capacity AS MATERIALIZED (
        SELECT * FROM metric.capacity(ARRAY(SELECT b.basis_run_id FROM basis AS b))
    )
    SELECT e.queue, e.interval_start, e.run_id, e.yhat * e.factor, e.low, e.median, e.high, e.factor,
           metric.people_for(c.agents, c.falling, e.wanted), s.agents,
           metric.chance_at_most(e.quantiles, c.contacts[width_bucket(s.agents, c.agents)] / e.factor),
           metric.people_for(c.agents, c.falling, e.low), metric.people_for(c.agents, c.falling, e.high),
           metric.people_for(c.agents, c.falling, e.wanted) > c.agents[cardinality(c.agents)]
    FROM expected AS e
    JOIN basis AS b ON b.queue = e.queue AND b.run_id = e.run_id
    LEFT JOIN capacity AS c ON c.queue = e.queue AND c.run_id = b.basis_run_id
    LEFT JOIN metric.schedule(as_of, from_at, to_at, zone) AS s ON s.queue = e.queue AND s.interval_start = e.interval_start
$$;

-- What overrides did to the forecasts, of those whose time has begun: what was expected when they were made, with them and without, beside what came.
CREATE FUNCTION metric.override_effect(as_of timestamptz, zone text)
RETURNS TABLE (
    override_id bigint, half_hours bigint, contacts double precision, with_it double precision, without_it double precision,
    error_with double precision, error_without double precision
) STABLE LANGUAGE sql AS $$
    WITH slot AS (
        SELECT o.override_id, o.factor, o.made_at, q.queue, s.interval_start
        FROM forecast_override AS o
        JOIN (SELECT DISTINCT i.queue FROM staffing_input AS i) AS q ON o.queue IN (q.queue, '*')
        CROSS JOIN LATERAL generate_series(
            o.from_at, least(o.to_at, coalesce(o.withdrawn_at, 'infinity'), as_of) - interval '30 minutes', interval '30 minutes'
        ) AS s (interval_start)
        WHERE o.from_at < as_of AND o.made_at <= as_of
    ), counted AS MATERIALIZED (
        SELECT v.* FROM (SELECT min(interval_start) AS first_at, max(interval_start) AS last_at FROM slot) AS span
        CROSS JOIN LATERAL metric.volume_by_half_hour(span.first_at, span.last_at + interval '30 minutes', zone) AS v
    )
    SELECT s.override_id, count(*), sum(coalesce(v.contacts, 0)), sum(f.yhat * s.factor), sum(f.yhat),
           sum(abs(coalesce(v.contacts, 0) - f.yhat * s.factor)), sum(abs(coalesce(v.contacts, 0) - f.yhat))
    FROM slot AS s
    CROSS JOIN LATERAL (
        SELECT f.yhat FROM forecast_interval AS f JOIN forecast_run AS r USING (run_id)
        WHERE f.interval_start = s.interval_start AND f.queue = s.queue AND r.made_at <= s.made_at AND r.kind <> 'hindcast'
        ORDER BY f.run_id DESC LIMIT 1
    ) AS f
    LEFT JOIN counted AS v ON v.queue = s.queue AND v.interval_start = s.interval_start
    -- a queue of which nothing was counted that day has no count, not a count of 0
    WHERE EXISTS (
        SELECT FROM counted AS c WHERE c.queue = s.queue
        AND date_trunc('day', c.interval_start, zone) = date_trunc('day', s.interval_start, zone)
    )
    GROUP BY 1
$$;
