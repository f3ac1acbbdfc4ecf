-- The weather of a city's days as it was known at an instant: what its station measured, else what was forecast.

-- Hours before its issue of which a forecast may still tell, and how far ahead one can reach.
CREATE FUNCTION metric.forecast_tells_back() RETURNS interval IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT interval '12 hours' $$;
CREATE FUNCTION metric.forecast_reach() RETURNS interval IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT interval '16 days' $$;

-- One row an hour in [starts_at, ends_at) of which a forecast tells that was issued by `as_of`; the newest such forecast counts.
CREATE FUNCTION metric.forecast_hours(grid text, starts_at timestamptz, ends_at timestamptz, as_of timestamptz)
RETURNS TABLE (hour_start timestamptz, temperature_celsius double precision, snow_mm double precision, precipitation_mm double precision,
               wind_kmh double precision, gust_kmh double precision, issued_at timestamptz)
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT newest.*
    FROM generate_series(date_bin('1 hour', starts_at, '2000-01-01 00:00:00+00'), ends_at - interval '1 microsecond', interval '1 hour') AS at
    CROSS JOIN LATERAL (
        SELECT h.hour_start, h.temperature_celsius, h.snow_mm, h.precipitation_mm, h.wind_kmh, h.gust_kmh, f.issued_at
        FROM weather_forecast AS f JOIN weather_forecast_hour AS h ON h.forecast_id = f.forecast_id AND h.hour_start = at
        WHERE f.grid = forecast_hours.grid
          AND f.issued_at <= least(forecast_hours.as_of, at + metric.forecast_tells_back()) AND f.issued_at > at - metric.forecast_reach()
        ORDER BY f.issued_at DESC
        LIMIT 1
    ) AS newest
$$;

-- One row a local day, in order: what the station measured, once the day is over; else the sum, mean or extreme of the hours that are forecast
-- for the grid, of which `hours` are known (a day of 23 or 25 hours has no more). A day of which neither is known has no row.
CREATE FUNCTION metric.weather_by_day(station text, grid text, zone text, as_of timestamptz)
RETURNS TABLE (day date, snow_mm double precision, snow_depth_mm double precision, precipitation_mm double precision,
               temperature_max_celsius double precision, temperature_min_celsius double precision, wind_kmh double precision,
               gust_kmh double precision, observed boolean, issued_at timestamptz, hours bigint)
STABLE PARALLEL SAFE LANGUAGE sql AS $$
    WITH known AS MATERIALIZED (
        SELECT d.* FROM weather_day AS d
        WHERE d.station = weather_by_day.station AND (d.day + 1)::timestamp AT TIME ZONE weather_by_day.zone <= weather_by_day.as_of
          AND num_nonnulls(d.snow_mm, d.snow_depth_mm, d.precipitation_mm, d.temperature_max_celsius, d.temperature_min_celsius, d.wind_kmh, d.gust_kmh) > 0
    ), issues AS (
        SELECT min(f.issued_at) - metric.forecast_tells_back() AS starts_at,
               (SELECT max(h.hour_start) FROM weather_forecast_hour AS h WHERE h.forecast_id = (array_agg(f.forecast_id ORDER BY f.issued_at DESC))[1]) AS ends_at
        FROM weather_forecast AS f WHERE f.grid = weather_by_day.grid AND f.issued_at <= weather_by_day.as_of
    ), open_day AS (
        SELECT n::date AS day
        FROM issues CROSS JOIN generate_series(
            (issues.starts_at AT TIME ZONE weather_by_day.zone)::date, (issues.ends_at AT TIME ZONE weather_by_day.zone)::date, interval '1 day') AS n
        WHERE NOT EXISTS (SELECT FROM known WHERE known.day = n::date)
    ), forecast AS (
        SELECT open_day.day, sum(h.snow_mm), NULL::double precision, sum(h.precipitation_mm), max(h.temperature_celsius), min(h.temperature_celsius),
               avg(h.wind_kmh), max(h.gust_kmh), false, max(h.issued_at), count(*)
        FROM open_day CROSS JOIN LATERAL metric.forecast_hours(
            weather_by_day.grid, open_day.day::timestamp AT TIME ZONE weather_by_day.zone,
            (open_day.day + 1)::timestamp AT TIME ZONE weather_by_day.zone, weather_by_day.as_of) AS h
        GROUP BY open_day.day
    )
    SELECT k.day, k.snow_mm, k.snow_depth_mm, k.precipitation_mm, k.temperature_max_celsius, k.temperature_min_celsius, k.wind_kmh, k.gust_kmh,
           true, NULL::timestamptz, NULL::bigint
    FROM known AS k
    UNION ALL SELECT * FROM forecast
    ORDER BY 1
$$;
