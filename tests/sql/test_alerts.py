"""Which alerts hold, told on a few messages whose answer can be seen by eye; what is entered by hand; and what an incident is suggested for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from sql import queries

NOON = datetime(2026, 1, 25, 12, tzinfo=UTC)
OURS = ["PAZ071", "PAC101"]


def hour(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def message(connection: Connection, alert_id: str, sent: float, **told: Any) -> None:
    """A message sent so many hours after NOON that expires 4 and whose event ends 8 hours after that; `told` in hours for `expires`, `ends`."""
    row = {
        "source": "nws/alerts",
        "status": "Actual",
        "message_type": "Update" if told.get("refers_to") else "Alert",
        "event": "Winter Storm Warning",
        "severity": "Severe",
        "zones": ["PAZ071"],
        "refers_to": [],
        "onset_at": hour(sent + 2),
        "expires_at": hour(told.pop("expires", sent + 4)),
        "ends_at": None if (ends := told.pop("ends", sent + 8)) is None else hour(ends),
        "version": "v",
    }
    row |= {"alert_id": alert_id, "sent_at": hour(sent)} | told
    names = ", ".join(row)
    connection.execute(text(f"INSERT INTO alert ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)


def active(connection: Connection, at: float, zones: list[str] | None = OURS) -> list[str]:
    found = queries.frame("alerts-active", connection, as_of=hour(at), zones=zones)
    return [f"{name} lapsed" if lapsed else name for name, lapsed in zip(found["alert_id"], found["lapsed"], strict=True)]


def history(connection: Connection, at: float, **asked: Any) -> dict[str, tuple[str, datetime | None, str]]:
    found = queries.frame("alert-history", connection, as_of=hour(at), **asked)
    return {
        row.alert_id: (row.outcome, None if row.held_until is None or row.held_until != row.held_until else row.held_until, row.chain_id)
        for row in found.itertuples()
    }


@pytest.mark.parametrize(("at", "holds"), [(-0.1, []), (0, ["a"]), (3.9, ["a"]), (4, ["a lapsed"]), (7.9, ["a lapsed"]), (8, [])])
def test_an_alert_holds_until_its_event_ends_and_is_marked_once_its_message_expired(
    connection: Connection, at: float, holds: list[str]
) -> None:
    message(connection, "a", 0)
    assert active(connection, at) == holds


@pytest.mark.parametrize(("expires", "ends", "until"), [(4, None, 4), (5, 3, 3), (4, 4, 4)], ids=["no end told", "it ends before", "alike"])
def test_the_end_that_counts(connection: Connection, expires: float, ends: float | None, until: float) -> None:
    message(connection, "a", 0, expires=expires, ends=ends)
    assert active(connection, until - 0.1) == ["a"]
    assert active(connection, until) == []
    assert queries.frame("alerts-active", connection, as_of=NOON)["until"].item() == hour(until)


def test_told_neither_end_nor_expiry_it_holds_a_day(connection: Connection) -> None:
    message(connection, "a", 0, ends=None)
    connection.execute(text("UPDATE alert SET expires_at = NULL"))
    assert (active(connection, 23.9), active(connection, 24)) == (["a"], [])


def test_an_update_replaces_and_a_cancel_ends_and_neither_before_it_was_sent(connection: Connection) -> None:
    message(connection, "a", 0)
    message(connection, "b", 2, refers_to=["a"])
    message(connection, "c", 3, refers_to=["b"], message_type="Cancel")
    assert [active(connection, at) for at in (1.9, 2, 2.9, 3)] == [["a"], ["b"], ["b"], []]
    assert history(connection, 20) == {"a": ("replaced", hour(2), "a"), "b": ("cancelled", hour(3), "a")}
    assert history(connection, 2.5) == {"a": ("replaced", hour(2), "a"), "b": ("holds", None, "a")}


def test_a_chain_whose_middle_never_came(connection: Connection) -> None:
    """All that a message refers to is replaced; what only a missing message referred to is not known to be, and stays: the safe side."""
    message(connection, "a", 0)
    message(connection, "c", 2, refers_to=["a", "b"])
    message(connection, "x", 0)
    message(connection, "z", 2, refers_to=["y"])
    assert sorted(active(connection, 3)) == ["c", "x", "z"]
    message(connection, "d", 3, refers_to=["b"])
    assert history(connection, 3)["d"][2] == "a"  # one event: both refer to the message that is missing


def test_through_a_message_that_is_no_update_itself(connection: Connection) -> None:
    message(connection, "a", 0)
    message(connection, "b", 1, refers_to=["a"], message_type="Alert")
    assert sorted(active(connection, 1.5)) == ["a", "b"]
    message(connection, "c", 2, refers_to=["b"])
    assert active(connection, 2) == ["c"]


def test_messages_that_refer_in_a_circle_end(connection: Connection) -> None:
    message(connection, "a", 0, refers_to=["b", "a"])
    message(connection, "b", 1, refers_to=["a"])
    assert active(connection, 2) == []
    assert set(history(connection, 2)) == {"a", "b"}


@pytest.mark.parametrize("status", ["Exercise", "Test", "Draft", "System"])
def test_what_is_not_real_neither_holds_nor_ends_anything(connection: Connection, status: str) -> None:
    message(connection, "a", 0)
    message(connection, "b", 1, refers_to=["a"], status=status)
    message(connection, "c", 1, refers_to=["a"], status=status, message_type="Cancel")
    assert active(connection, 2) == ["a"]
    assert history(connection, 2) == {"a": ("holds", None, "a")}


def test_only_messages_of_the_zones_count(connection: Connection) -> None:
    """An event that is cancelled elsewhere and goes on here is told in two messages; the one for elsewhere ends nothing here."""
    message(connection, "wide", 0, zones=["PAZ071", "PAZ070"])
    message(connection, "there", 1, zones=["PAZ070"], message_type="Cancel", refers_to=["wide"])
    message(connection, "state", 1, zones=["PAC000"])
    message(connection, "nowhere", 1, zones=[])
    message(connection, "far", 1, zones=["NYZ072"])
    assert sorted(active(connection, 2)) == ["nowhere", "state", "wide"]
    assert sorted(active(connection, 2, ["PAZ070"])) == ["nowhere", "state"]
    assert sorted(active(connection, 2, None)) == ["far", "nowhere", "state"]
    message(connection, "here", 1, zones=["PAZ071"], refers_to=["wide"])
    assert history(connection, 2, zones=OURS)["wide"] == ("replaced", hour(1), "wide")
    assert history(connection, 2)["wide"] == ("replaced", hour(1), "wide")  # sent at once, the Update counts


def test_the_gravest_come_first_with_the_beginning_of_their_chain(connection: Connection) -> None:
    message(connection, "minor", 0, severity="Minor")
    message(connection, "none", 0, severity=None)
    message(connection, "old", -3)
    message(connection, "new", 0, refers_to=["old"])
    message(connection, "extreme", -1, severity="Extreme")
    found = queries.frame("alerts-active", connection, as_of=NOON)
    assert found["alert_id"].tolist() == ["extreme", "new", "minor", "none"]
    assert found.set_index("alert_id").loc["new", "first_sent_at"] == hour(-3)


def test_how_each_message_ended(connection: Connection) -> None:
    message(connection, "over", 0)
    message(connection, "lapsed", 5, expires=7, ends=30)
    message(connection, "late", 0, expires=4, ends=20)
    message(connection, "renewed", 6, refers_to=["late"], ends=30, expires=30)
    message(connection, "after", 9, refers_to=["over"])
    assert history(connection, 12) == {
        "late": ("replaced", hour(6), "late"),
        "renewed": ("holds", None, "late"),
        "over": ("over", hour(8), "over"),
        "after": ("holds", None, "over"),
        "lapsed": ("lapsed", None, "lapsed"),
    }
    within = {"from": hour(8), "to": hour(9)}
    assert set(history(connection, 12, **within)) == {"renewed", "lapsed"}
    assert set(history(connection, 12, **{"from": hour(7), "to": hour(9.1)})) == {"renewed", "lapsed", "over", "after"}


ENTERED: dict[str, Any] = {
    "who": "Ann",
    "event": "Flood Warning",
    "severity": "Severe",
    "certainty": "Observed",
    "urgency": "Immediate",
    "headline": "The creek is over Main Street",
    "description": None,
    "instruction": None,
    "sender_name": "Duty officer",
    "area_desc": "Northwest",
    "zones": ["PAC101"],
    "onset_at": None,
    "ends_at": None,
    "message_type": None,
    "refers_to": None,
}


def entered(connection: Connection, **changed: Any) -> str:
    expires = datetime.now(UTC) + timedelta(hours=2)
    found: str = queries.frame("write-alert", connection, **ENTERED | {"expires_at": expires} | changed)["alert_id"].item()
    return found


def test_an_alert_is_entered_by_hand_and_ended_by_hand_and_both_are_audited(connection: Connection) -> None:
    first = entered(connection)
    assert first.startswith("manual/")
    (row,) = queries.frame("alerts-active", connection, zones=OURS).itertuples()
    assert (row.alert_id, row.source, row.entered_by, row.event, row.lapsed) == (first, "manual", "Ann", "Flood Warning", False)
    last = entered(connection, who="Bob", message_type="Cancel", refers_to=[first])
    assert active(connection, 0) == []
    assert queries.frame("alerts-active", connection).empty
    audit = connection.execute(text("SELECT who, what, subject, after ->> 'event' FROM audit ORDER BY audit_id")).fetchall()
    assert [tuple(one) for one in audit] == [("Ann", "alert", first, "Flood Warning"), ("Bob", "alert", last, "Flood Warning")]


def test_nobody_ends_a_feeds_alert_by_hand(connection: Connection) -> None:
    now = datetime.now(UTC)
    message(connection, "a", 0, sent_at=now, expires_at=now + timedelta(hours=1), ends_at=None)
    entered(connection, message_type="Cancel", refers_to=["a"])
    assert queries.frame("alerts-active", connection)["alert_id"].tolist() == ["a"]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("Winter Storm Warning", "snow"),
        ("Lake Effect Snow Warning", "snow"),
        ("Ice Storm Warning", "snow"),
        ("Hurricane Watch", "hurricane"),
        ("Tropical Storm Warning", "hurricane"),
        ("Storm Surge Warning", "hurricane"),
        ("Coastal Flood Warning", "flood"),
        ("Flash Flood Warning", "flood"),
        ("Extreme Heat Warning", "heat"),
        ("Storm Warning", "other"),
        ("Tornado Warning", "other"),
        ("Wind Advisory", "other"),
        ("Freeze Warning", "other"),
    ],
)
def test_the_kind_of_incident_by_the_words_of_the_event(connection: Connection, event: str, kind: str) -> None:
    assert connection.scalar(text("SELECT metric.incident_kind(:event)"), {"event": event}) == kind


def suggested(connection: Connection, at: float = 1) -> list[tuple[str, str, datetime]]:
    found = queries.frame("incident-suggestions", connection, as_of=hour(at), zones=OURS)
    return list(zip(found["alert_id"], found["kind"], found["proposed_onset_at"], strict=True))


def incident(connection: Connection, kind: str, *, opened: float = 0, ended: float | None = None, alert_id: str | None = None) -> None:
    connection.execute(
        text(
            "INSERT INTO incident (name, kind, onset_at, ended_at, opened_at, alert_id) VALUES (:name, :kind, :opened, :ended, :opened, :alert_id)"
        ),
        {
            "name": f"{kind} {opened}",
            "kind": kind,
            "opened": hour(opened),
            "ended": None if ended is None else hour(ended),
            "alert_id": alert_id,
        },
    )


def test_one_incident_is_suggested_for_each_hazard(connection: Connection) -> None:
    message(connection, "snow", 0)
    message(connection, "worse", 0.5, severity="Extreme", event="Blizzard Warning")
    message(connection, "advisory", 0, severity="Moderate", event="Winter Weather Advisory")
    message(connection, "flood", 0, event="Flood Warning", severity="Unknown", onset_at=None, effective_at=hour(0.25))
    message(connection, "tornado", 0, event="Tornado Warning", onset_at=None)
    message(connection, "civil", 0, event="Civil Emergency Message", severity="Minor")
    message(connection, "far", 0, event="Extreme Heat Warning", zones=["NYZ072"])
    assert suggested(connection) == [
        ("flood", "flood", hour(0.25)),
        ("worse", "snow", hour(2.5)),
        ("civil", "other", hour(2)),
        ("tornado", "other", hour(0)),
    ]
    assert suggested(connection, 30) == []


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        pytest.param({"kind": "snow"}, [], id="it stands"),
        pytest.param({"kind": "snow", "ended": 0.9}, ["b"], id="it is over"),
        pytest.param({"kind": "snow", "ended": 1.1}, [], id="over later"),
        pytest.param({"kind": "snow", "opened": 1.1}, ["b"], id="opened later"),
        pytest.param({"kind": "heat"}, ["b"], id="of another kind"),
        pytest.param({"kind": "other", "alert_id": "a"}, [], id="opened from the chain"),
        pytest.param({"kind": "other", "alert_id": "elsewhere"}, ["b"], id="opened from another"),
    ],
)
def test_where_an_incident_stands_none_is_suggested(connection: Connection, standing: dict[str, Any], expected: list[str]) -> None:
    message(connection, "a", 0)
    message(connection, "b", 0.5, refers_to=["a"])
    message(connection, "elsewhere", 0, zones=["NYZ072"])
    incident(connection, **standing)
    assert [name for name, _, _ in suggested(connection)] == expected


def test_an_incident_of_another_hazard_hides_no_tornado(connection: Connection) -> None:
    message(connection, "wind", 0, event="High Wind Warning")
    message(connection, "tornado", 0, event="Tornado Warning")
    incident(connection, "other", alert_id="wind")
    assert [name for name, _, _ in suggested(connection)] == ["tornado"]


def test_the_feeds_that_bring_alerts_are_those_of_the_weather_that_do_not_only_forecast(connection: Connection) -> None:
    feeds = (
        ("nws/alerts", "311.weather"),
        ("nws/forecast", "311.weather"),
        ("sirens", "311.weather"),
        ("station", "311.weather"),
        ("phone", "311.contacts"),
    )
    for feed, topic in feeds:
        connection.execute(text("INSERT INTO feed VALUES (:f, :f, 60)"), {"f": feed})
        connection.execute(
            text("INSERT INTO feed_partition VALUES (:f, :t, 0, NULL, :at, now(), 1)"), {"f": feed, "t": f"city.{topic}", "at": NOON}
        )
    message(connection, "a", 0)
    forecasts = text("INSERT INTO weather_forecast (grid, issued_at, version, source) VALUES (:source, now(), 'v', :source)")
    connection.execute(forecasts, [{"source": "nws/forecast"}, {"source": "nws/alerts"}])
    connection.execute(text("INSERT INTO weather_day (station, day, source) VALUES ('S', '2026-01-25', 'station')"))
    found = queries.frame("alert-feeds", connection)
    assert list(found["name"]) == ["nws/alerts", "sirens"], "one tells both, one was never heard to tell anything"
    assert set(found["as_of"]) == {NOON}
