"""The metrics of the dashboard, each declared once. It measures nothing: each is set where the work is done.

`docs/monitoring.md` explains them.
"""

from sql.telemetry import QUICK_SECONDS, Group

DASHBOARD = Group("the dashboard")
PART_AGE_SECONDS = DASHBOARD.gauge(
    "city311_dashboard_part_age_seconds",
    "Seconds since a part of what the screens show was read from the database; NaN: not yet. The part `live` is the snapshot's age.",
    "part",
)
PART_LOAD_SECONDS = DASHBOARD.histogram(
    "city311_dashboard_part_load_seconds", "Seconds that reading a part took.", "part", buckets=QUICK_SECONDS
)
PART_FAILURES = DASHBOARD.counter("city311_dashboard_part_failures_total", "Readings of a part that failed.", "part")
EDITIONS = DASHBOARD.counter("city311_dashboard_editions_total", "Editions made: what all screens show at one moment.")
DATABASE_TROUBLE = DASHBOARD.gauge(
    "city311_dashboard_database_trouble",
    "1: the newest reading of the live figures failed, and the screens show the last good ones; else 0.",
)
SESSIONS = DASHBOARD.gauge("city311_dashboard_sessions", "Pages that are connected now.")
STREAMS = DASHBOARD.gauge("city311_dashboard_streams", "Streams of figures that are open now.")
REFUSED_REQUESTS = DASHBOARD.counter(
    "city311_dashboard_refused_requests_total", "Requests that were refused because of who asked, by what they were for.", "route"
)
GROUPS = (DASHBOARD,)
