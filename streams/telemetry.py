"""The metrics of the processes of the streams, each declared once: the consumer, whoever publishes, pollers, followers and the watcher.

It measures nothing: each is set where the work is done. `docs/monitoring.md` explains them.
"""

from sql.health import Pulse
from sql.telemetry import QUICK_SECONDS, SLOW_SECONDS, Group

CONSUMER = Group("`streams consume`")
CONSUMED = CONSUMER.counter("city311_consumer_events_total", "Events committed to the database, refused ones included.", "topic")
REFUSED = CONSUMER.counter("city311_consumer_refused_total", "Events refused and kept as dead letters.", "topic")
BATCH_EVENTS = CONSUMER.histogram(
    "city311_consumer_batch_events", "Events in one committed batch.", buckets=(1, 10, 100, 500, 1_000, 2_000, 5_000, 10_000, 50_000)
)
COMMIT_SECONDS = CONSUMER.histogram(
    "city311_consumer_commit_seconds",
    "Seconds from handing a batch to the database's thread until it was committed, waiting for an absent database included.",
    buckets=QUICK_SECONDS,
)
LAG_EVENTS = CONSUMER.gauge(
    "city311_consumer_lag_events",
    "Events that Kafka has and the database has not, of each partition this consumer holds.",
    "topic",
    "partition",
)
LAG_SECONDS = CONSUMER.gauge(
    "city311_consumer_lag_seconds",
    "Seconds since Kafka got the oldest event that this consumer read and has not committed, by the record's timestamp; where it has read "
    "none of what waits, since nothing waited; 0: nothing waits.",
    "topic",
    "partition",
)
PARTITIONS = CONSUMER.gauge("city311_consumer_partitions", "Partitions that this consumer holds; a spare holds 0.")
LAST_COMMIT = CONSUMER.gauge("city311_consumer_last_commit_timestamp_seconds", "When the last batch was committed, in seconds since 1970.")
DATABASE_FAILURES = CONSUMER.counter(
    "city311_consumer_database_failures_total",
    "Attempts at the database that failed because it was away; each is followed by a new connection.",
)
REBALANCES = CONSUMER.counter("city311_consumer_rebalances_total", "How often Kafka gave this consumer other partitions.")
FENCED = CONSUMER.counter(
    "city311_consumer_fenced_total", "Batches thrown away because another consumer had moved the offsets; their events are read again."
)

PUBLISHER = Group("`streams poll`, `follow`, `simulate`")
PUBLISHED = PUBLISHER.counter("city311_published_events_total", "Events that Kafka has acknowledged, heartbeats not counted.")
UNREADABLE = PUBLISHER.counter(
    "city311_published_unreadable_total", "Records of the source that could not be read; they are published as refusals."
)
PUBLISHED_AGAIN = PUBLISHER.counter(
    "city311_published_again_total", "Sendings that Kafka did not acknowledge in time and that were repeated."
)
LAST_ACKNOWLEDGED = PUBLISHER.gauge(
    "city311_published_last_acknowledged_timestamp_seconds", "When Kafka last had everything that was published, in seconds since 1970."
)
TOLD_UNTIL = PUBLISHER.gauge(
    "city311_feed_told_until_timestamp_seconds",
    "Until when a feed says that everything was told, by the source's clock, in seconds since 1970: now minus this is the source's age.",
    "feed",
    "topic",
)
acknowledged = Pulse()  # beats with LAST_ACKNOWLEDGED

POLLER = Group("`streams poll`")
ROUNDS = POLLER.counter("city311_poll_rounds_total", "Complete rounds.", "feed")
ROUND_FAILURES = POLLER.counter("city311_poll_round_failures_total", "Rounds that were not complete.", "feed")
ROUND_SECONDS = POLLER.histogram("city311_poll_round_seconds", "Seconds that a round took, complete or not.", "feed", buckets=SLOW_SECONDS)
LAST_ROUND = POLLER.gauge(
    "city311_poll_last_complete_timestamp_seconds", "When the last complete round ended, in seconds since 1970.", "feed"
)

FOLLOWER = Group("`streams follow`")
INTERRUPTIONS = FOLLOWER.counter(
    "city311_follow_interruptions_total", "How often following began anew, because of `kafka` or of the `source` itself.", "feed", "cause"
)

WATCHER = Group("`streams watch`")
WATCH_ROUNDS = WATCHER.counter("city311_watch_rounds_total", "Rounds in which all rules were judged.")
WATCH_ROUND_SECONDS = WATCHER.histogram("city311_watch_round_seconds", "Seconds that a round took.", buckets=QUICK_SECONDS)
WATCH_FIRING = WATCHER.gauge("city311_watch_alerts_firing", "Alerts that fire now, by how grave they are.", "severity")
WATCH_MESSAGES = WATCHER.counter(
    "city311_watch_messages_total", "Messages to receivers: `sent`, `failed` (tried again later), `put_off` or `dropped`.", "outcome"
)
WATCH_WORKING = WATCHER.gauge("city311_watch_working", "1: this watcher judges; 0: it waits to take over, or for the database.")
WATCH_DATABASE_FAILURES = WATCHER.counter("city311_watch_database_failures_total", "How often the database went away within a round.")

GROUPS = (CONSUMER, PUBLISHER, POLLER, FOLLOWER, WATCHER)
