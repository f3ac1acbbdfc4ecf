"""The values of the metrics, by subject, from the named queries that the screens read too. It defines no metric and judges nothing.

A figure whose feed is silent has no value: on the screens it is greyed out, and nobody is woken by it. That the feed is silent is
a metric of its own.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from sql import queries
from sql.feeds import HEARD
from sql.settings import settings
from streams import events
from streams.watch.judging import Reading
from streams.watch.metrics import METRICS, TOTAL

Readings = dict[str, dict[str, Reading]]
Row = dict[str, Any]

CARRIED_SHARE = 0.8  # a total counts while feeds that carry this share of the contacts are heard: as on the Live screen
CONSUMER_SILENT_SECONDS = 120  # it tells every few seconds where the partitions end
FORECAST_USED_HOURS = 20  # an older one is not shown on the Live screen either
CITY = "city"  # what the queries call all departments together
AHEAD = timedelta(hours=2)
SLOW_EVERY = timedelta(minutes=1)  # whole backlogs are counted no oftener
SLOW_QUERIES = ("backlog", "weeks-to-clear", "social-topics")
POSTS_OF = timedelta(days=1)


@dataclass
class Reader:
    """Reads what some metrics need; of the slow queries it keeps the newest answer for a while."""

    metrics: Collection[str]
    _kept: dict[str, tuple[datetime, list[Row]]] = field(default_factory=dict)

    def read(self, connection: Connection, now: datetime, *, as_of: datetime | None = None) -> Readings:
        """Read each metric, all in the transaction of `connection`.

        Args:
            connection: In a transaction that sees one snapshot.
            now: The instant of that snapshot; with `as_of` the same as that.
            as_of: A past instant; None: live.
        """
        asked = _Asked(connection, now, as_of, self._kept)
        wanted = {READERS[name] for name in self.metrics}
        found: Readings = {}
        for reader in sorted(wanted, key=lambda one: one.__name__):
            found |= reader(asked)
        return {name: found[name] for name in self.metrics}


@dataclass
class _Asked:
    """The answers of one round; each query is asked once."""

    connection: Connection
    now: datetime
    as_of: datetime | None
    kept: dict[str, tuple[datetime, list[Row]]]
    answers: dict[str, list[Row]] = field(default_factory=dict)

    def rows(self, query: str, **params: Any) -> list[Row]:
        """The rows of a query with None where there are no data."""
        if query in self.kept and timedelta(0) <= self.now - self.kept[query][0] < SLOW_EVERY:
            return self.kept[query][1]
        if query not in self.answers:
            found = queries.frame(query, self.connection, **params)
            self.answers[query] = found.astype(object).where(found.notna(), None).to_dict("records")  # type: ignore[assignment]
            if query in SLOW_QUERIES:
                self.kept[query] = (self.now, self.answers[query])
        return self.answers[query]

    def dated(self, query: str, **params: Any) -> list[Row]:
        """The rows of a query that can be asked of a past instant."""
        return self.rows(query, as_of=self.as_of, **params)


def known_subjects(connection: Connection) -> dict[str, set[str]]:
    """The names of queues, departments, feeds and topics that are in the tables now."""
    feeds, consumers = (queries.frame(name, connection) for name in ("feeds", "consumers"))
    backlog = queries.frame("backlog", connection, by_type=False)
    return {
        "queue": set(queries.frame("queue-now", connection)["queue"]) - {TOTAL},
        "department": set(backlog["department"]) - {CITY},
        "feed": set(feeds["feed"]),
        "topic": set(consumers["topic"]),
    }


def _queues(asked: _Asked) -> Readings:
    heard = _heard(asked)
    agents_heard = _agents_heard(asked)
    found: Readings = {name: {} for name in ("waiting_now", "longest_wait_now_seconds", "service_level_30m", "agents_available")}
    for row in asked.dated("queue-now"):
        queue, name, used = row["queue"], row["name"], heard.get(row["queue"], False)
        waiting, judged = int(row["waiting_now"]), int(row["answered_30m"] + row["abandoned_30m"])
        longest = row["longest_wait_now_seconds"] if waiting else 0.0  # nobody waits: a wait of nothing, and the alert can clear
        found["waiting_now"][queue] = Reading(name, float(waiting) if used else None)
        found["longest_wait_now_seconds"][queue] = Reading(name, longest if used else None, waiting if used else None)
        found["service_level_30m"][queue] = Reading(name, row["service_level_30m"] if used else None, judged if used else None)
        found["agents_available"][queue] = Reading(name, float(row["agents_available"]) if agents_heard else None)
    return found


def _heard(asked: _Asked) -> dict[str, bool]:
    """Whether the feed of each queue is heard; the total, whether feeds that carry most contacts are."""
    states = {(row["feed"], row["as_of"]): row["state"] for row in asked.dated("feeds")}
    queues = [row for row in asked.dated("queue-now") if row["queue"] != TOTAL]
    heard = {row["queue"]: states.get((row["feed"], row["feed_as_of"])) in HEARD for row in queues}
    weights = {row["queue"]: row["offered_today"] + row["offered_30m"] for row in queues}
    carried = sum(weight for queue, weight in weights.items() if heard[queue])
    return heard | {TOTAL: any(heard.values()) and carried >= CARRIED_SHARE * sum(weights.values())}


def _agents_heard(asked: _Asked) -> bool:
    topic = settings().topic_prefix + events.AGENTS
    states = [row["state"] for row in asked.dated("feeds") if row["topic"] == topic]
    return bool(states) and all(state in HEARD for state in states)


def _abandons(asked: _Asked) -> Readings:
    heard = _heard(asked)
    rows = {row["queue"]: row for row in asked.dated("service-level", **{"from": asked.now - timedelta(minutes=30), "to": asked.now})}
    found = {}
    for queue in asked.dated("queue-now"):
        row, used = rows.get(queue["queue"]), heard.get(queue["queue"], False)
        share = row["abandon_share"] if row and used else None
        found[queue["queue"]] = Reading(queue["name"], share, int(row["offered"]) if row and used else 0 if used else None)
    return {"abandon_share_30m": found}


def _ahead(asked: _Asked) -> Readings:
    chances: dict[str, Reading] = {}
    rows = asked.dated("staffing-next")
    ends = min((row["interval_start"] for row in rows), default=asked.now) + AHEAD  # with the running half hour, as on the Live screen
    for row in rows:
        old = asked.now - row["made_at"] > timedelta(hours=FORECAST_USED_HOURS)
        if old or row["interval_start"] >= ends or row["chance_met"] is None or not row["required"]:
            continue
        for subject, name in ((row["queue"], row["name"]), (TOTAL, "All queues")):
            least = chances.get(subject)
            if least is None or least.value is None or row["chance_met"] < least.value:
                chances[subject] = Reading(name, float(row["chance_met"]))
    return {"chance_of_target_next_2h": chances}


def _forecast(asked: _Asked) -> Readings:
    newest = asked.dated("forecast-runs", most=1)
    age = (asked.now - newest[0]["made_at"]).total_seconds() / 60 if newest else None
    return {"forecast_age_minutes": {TOTAL: Reading("The forecast", age)}}


def _feeds(asked: _Asked) -> Readings:
    """A feed with several topics is as old as the oldest of them; a clock that runs ahead tells nothing of an age."""
    ages: dict[str, Reading] = {}
    shares: dict[str, Reading] = {}
    rows = asked.dated("feeds")
    for feed, of_feed in _grouped(rows, "feed"):
        values = [None if _no_age(row) else row["age_seconds"] / row["cadence_seconds"] for row in of_feed]
        name = of_feed[0]["name"]
        ages[feed] = Reading(name, None if None in values else max(value for value in values if value is not None))
        shares[feed] = _refused_share(name, of_feed)
    shares[TOTAL] = _refused_share("All feeds", rows)
    return {"feed_age_cadences": ages, "refused_share": shares}


def _no_age(row: Row) -> bool:
    return row["age_seconds"] is None or (row["state"] == "unknown" and row["age_seconds"] < 0)


def _refused_share(name: str, rows: Iterable[Row]) -> Reading:
    refused, taken = sum(row["refused"] for row in rows), sum(row["events"] for row in rows)
    return Reading(name, refused / (refused + taken) if refused + taken else None, int(refused + taken))


def _consumers(asked: _Asked) -> Readings:
    found: Readings = {"consumer_lag_events": {}, "consumer_lag_seconds": {}}
    rows = asked.dated("consumers")
    for topic, of_topic in [*_grouped(rows, "topic"), *([(TOTAL, rows)] if rows else [])]:
        silent = any((asked.now - row["checked_at"]).total_seconds() > CONSUMER_SILENT_SECONDS for row in of_topic)
        name = "All topics" if topic == TOTAL else topic
        events_behind = None if silent else float(sum(row["lag_messages"] for row in of_topic))
        seconds_behind = None if silent else float(max(row["lag_seconds"] or 0 for row in of_topic))
        found["consumer_lag_events"][topic] = Reading(name, events_behind)
        found["consumer_lag_seconds"][topic] = Reading(name, seconds_behind)
    return found


def _refusals(asked: _Asked) -> Readings:
    rows = asked.rows("refusals")
    topics = {row["topic"]: 0.0 for row in asked.dated("consumers")}
    for row in rows:
        topics[row["topic"]] = topics.get(row["topic"], 0.0) + row["refused"]
    found = {topic: Reading(topic, count) for topic, count in topics.items()}
    return {"refused_events": found | {TOTAL: Reading("All topics", sum(topics.values()))}}


def _backlog(asked: _Asked) -> Readings:
    found: Readings = {"open_requests": {}, "overdue_requests": {}, "overdue_share": {}}
    for row in asked.dated("backlog", by_type=False):
        subject, name = _department(row)
        found["open_requests"][subject] = Reading(name, float(row["open"]))
        found["overdue_requests"][subject] = Reading(name, float(row["overdue"]))
        found["overdue_share"][subject] = Reading(name, row["overdue"] / row["open"] if row["open"] else None, int(row["open"]))
    return found


def _weeks(asked: _Asked) -> Readings:
    rows = asked.dated("weeks-to-clear", by_type=False)
    return {"weeks_to_clear": {_department(row)[0]: Reading(_department(row)[1], row["weeks_to_clear"], int(row["open"])) for row in rows}}


def _department(row: Row) -> tuple[str, str]:
    return (TOTAL, row["name"]) if row["department"] == CITY else (row["department"], row["name"] or row["department"])


def _social(asked: _Asked) -> Readings:
    """The oldest question that nobody answered; a feed of posts that is not heard tells of none."""
    topic = settings().topic_prefix + events.SOCIAL
    heard = any(row["topic"] == topic and row["state"] in HEARD for row in asked.dated("feeds"))
    rows = asked.dated("social-topics", **{"from": asked.now - POSTS_OF, "to": asked.now})
    oldest = max((row["oldest_unanswered_seconds"] or 0.0 for row in rows), default=0.0)
    return {"unanswered_question_seconds": {TOTAL: Reading("Social media", oldest if heard else None)}}


def _grouped(rows: list[Row], column: str) -> list[tuple[str, list[Row]]]:
    names = dict.fromkeys(row[column] for row in rows)
    return [(name, [row for row in rows if row[column] == name]) for name in names]


READERS: dict[str, Callable[[_Asked], Readings]] = {
    "waiting_now": _queues,
    "longest_wait_now_seconds": _queues,
    "service_level_30m": _queues,
    "agents_available": _queues,
    "abandon_share_30m": _abandons,
    "chance_of_target_next_2h": _ahead,
    "forecast_age_minutes": _forecast,
    "feed_age_cadences": _feeds,
    "refused_share": _feeds,
    "consumer_lag_events": _consumers,
    "consumer_lag_seconds": _consumers,
    "refused_events": _refusals,
    "unanswered_question_seconds": _social,
    "open_requests": _backlog,
    "overdue_requests": _backlog,
    "overdue_share": _backlog,
    "weeks_to_clear": _weeks,
}
assert READERS.keys() == METRICS.keys()
