-- weather-hours --
-- One row an hour of the newest forecast for the grid that was issued by `as_of`, in order, with how old it is by the weather service's own clock and what to call that.
SELECT h.hour_start, h.temperature_celsius, h.snow_mm, h.precipitation_mm, h.wind_kmh, h.gust_kmh, f.issued_at, f.received_at,
       age.seconds::double precision AS age_seconds, metric.freshness(age.seconds, coalesce(feed.cadence_seconds, 21600)) AS state
FROM (
    SELECT * FROM weather_forecast WHERE grid = :grid AND issued_at <= coalesce(cast(:as_of AS timestamptz), now())
    ORDER BY issued_at DESC LIMIT 1
) AS f
JOIN weather_forecast_hour AS h USING (forecast_id)
LEFT JOIN feed ON feed.feed = f.source
CROSS JOIN LATERAL (SELECT extract(epoch FROM coalesce(cast(:as_of AS timestamptz), now()) - f.issued_at) AS seconds) AS age
ORDER BY h.hour_start;

-- weather-by-day --
-- One row a local day in [from, to): what the station measured, else what was forecast for the grid, as known at `as_of`; columns in metric units.
SELECT * FROM metric.weather_by_day(:station, :grid, :zone, coalesce(cast(:as_of AS timestamptz), now()))
WHERE day >= coalesce(cast(:from AS date), '-infinity') AND day < coalesce(cast(:to AS date), 'infinity');

-- write-observations --
-- Keep the days of a station's file, of the columns that the file has; what does not differ is left alone.
INSERT INTO weather_day AS d (station, day, snow_mm, snow_depth_mm, precipitation_mm, temperature_max_celsius, temperature_min_celsius, wind_kmh, gust_kmh, source)
SELECT :station, told.*, :source
FROM unnest(cast(:day AS date[]), cast(:snow_mm AS float8[]), cast(:snow_depth_mm AS float8[]), cast(:precipitation_mm AS float8[]),
            cast(:temperature_max_celsius AS float8[]), cast(:temperature_min_celsius AS float8[]), cast(:wind_kmh AS float8[]),
            cast(:gust_kmh AS float8[])) AS told
ON CONFLICT (station, day) DO UPDATE SET
    snow_mm = CASE WHEN 'snow_mm' = ANY(:columns) THEN excluded.snow_mm ELSE d.snow_mm END,
    snow_depth_mm = CASE WHEN 'snow_depth_mm' = ANY(:columns) THEN excluded.snow_depth_mm ELSE d.snow_depth_mm END,
    precipitation_mm = CASE WHEN 'precipitation_mm' = ANY(:columns) THEN excluded.precipitation_mm ELSE d.precipitation_mm END,
    temperature_max_celsius = CASE WHEN 'temperature_max_celsius' = ANY(:columns) THEN excluded.temperature_max_celsius ELSE d.temperature_max_celsius END,
    temperature_min_celsius = CASE WHEN 'temperature_min_celsius' = ANY(:columns) THEN excluded.temperature_min_celsius ELSE d.temperature_min_celsius END,
    wind_kmh = CASE WHEN 'wind_kmh' = ANY(:columns) THEN excluded.wind_kmh ELSE d.wind_kmh END,
    gust_kmh = CASE WHEN 'gust_kmh' = ANY(:columns) THEN excluded.gust_kmh ELSE d.gust_kmh END,
    source = excluded.source, told_at = NULL, version = ''
WHERE d.told_at IS NOT NULL
   OR ('snow_mm' = ANY(:columns) AND d.snow_mm IS DISTINCT FROM excluded.snow_mm)
   OR ('snow_depth_mm' = ANY(:columns) AND d.snow_depth_mm IS DISTINCT FROM excluded.snow_depth_mm)
   OR ('precipitation_mm' = ANY(:columns) AND d.precipitation_mm IS DISTINCT FROM excluded.precipitation_mm)
   OR ('temperature_max_celsius' = ANY(:columns) AND d.temperature_max_celsius IS DISTINCT FROM excluded.temperature_max_celsius)
   OR ('temperature_min_celsius' = ANY(:columns) AND d.temperature_min_celsius IS DISTINCT FROM excluded.temperature_min_celsius)
   OR ('wind_kmh' = ANY(:columns) AND d.wind_kmh IS DISTINCT FROM excluded.wind_kmh)
   OR ('gust_kmh' = ANY(:columns) AND d.gust_kmh IS DISTINCT FROM excluded.gust_kmh);
