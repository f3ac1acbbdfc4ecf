-- Weather: every issue of a gridpoint forecast, and what stations measured.

CREATE TABLE weather_forecast (
    forecast_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grid         text NOT NULL,                  -- OFFICE/X,Y
    issued_at    timestamptz NOT NULL,           -- by the weather service's own clock
    version      text COLLATE "C" NOT NULL,      -- decides between two tellings of one issue
    source       text NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT now(),  -- the first time
    UNIQUE (grid, issued_at)
);
COMMENT ON TABLE weather_forecast IS 'One row an issue of a gridpoint forecast. Every issue is kept, so that it can be asked what was known when.';

CREATE TABLE weather_forecast_hour (
    forecast_id         bigint NOT NULL REFERENCES weather_forecast ON DELETE CASCADE,
    hour_start          timestamptz NOT NULL CHECK (hour_start = date_bin('1 hour', hour_start, '2000-01-01 00:00:00+00')),
    temperature_celsius double precision,
    snow_mm             double precision CHECK (snow_mm >= 0),           -- fallen within the hour
    precipitation_mm    double precision CHECK (precipitation_mm >= 0),  -- the same, as liquid: rain and melted snow
    wind_kmh            double precision CHECK (wind_kmh >= 0),
    gust_kmh            double precision CHECK (gust_kmh >= 0),
    PRIMARY KEY (forecast_id, hour_start)
);
COMMENT ON TABLE weather_forecast_hour IS 'One row an hour of an issued forecast; NULL: the forecast does not say.';

CREATE TABLE weather_day (
    station                 text NOT NULL,
    day                     date NOT NULL,         -- by the station's own clock
    snow_mm                 double precision CHECK (snow_mm >= 0),           -- fallen within the day
    snow_depth_mm           double precision CHECK (snow_depth_mm >= 0),
    precipitation_mm        double precision CHECK (precipitation_mm >= 0),  -- as liquid: rain and melted snow
    temperature_max_celsius double precision,
    temperature_min_celsius double precision,
    wind_kmh                double precision CHECK (wind_kmh >= 0),          -- mean of the day
    gust_kmh                double precision CHECK (gust_kmh >= 0),          -- highest of the day
    source                  text NOT NULL,         -- the feed or the file
    told_at                 timestamptz,           -- by the feed's clock; NULL: from a file that a person loaded, which goes before feeds
    version                 text COLLATE "C" NOT NULL DEFAULT '',            -- decides between two tellings of one instant
    PRIMARY KEY (station, day)
);
COMMENT ON TABLE weather_day IS 'One row a day that a weather station measured; NULL: not measured.';
