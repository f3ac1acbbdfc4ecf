"""A GeoReport server on 127.0.0.1 as real ones are: it pages or caps, repeats, reorders, and fails in every way that is asked of it."""

import json
import random
from collections import deque
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from tests.streams.stub_server import StubHandler, StubServer, running

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
Record = dict[str, Any]


def request(number: int, *, minutes_ago: float, status: str = "open", updated_minutes_ago: float | None = None) -> Record:
    """A service request, as the server tells it, by minutes before NOON."""
    updated = minutes_ago if updated_minutes_ago is None else updated_minutes_ago
    return {
        "service_request_id": str(number),
        "status": status,
        "service_name": "Pothole",
        "service_code": "7",
        "requested_datetime": (NOON - timedelta(minutes=minutes_ago)).isoformat(),
        "updated_datetime": (NOON - timedelta(minutes=updated)).isoformat(),
        "lat": 42.3,
        "long": -71.1,
    }


def many(count: int, *, over_minutes: float = 60 * 24 * 80, seed: int = 311) -> list[Record]:
    """So many requests, thick and thin in turns, and some in the same second."""
    dice = random.Random(seed)
    ages = [round(over_minutes * dice.random() ** 4, 2) for _ in range(count)]
    return [request(number, minutes_ago=ages[number - number % 3]) for number in range(count)]


@dataclass
class Habits:
    """What kind of server it is, and what it does to the next questions (`faults`, one each; None: nothing)."""

    records: list[Record]
    cap: int = 1000
    has_pages: bool = False
    takes_page_size: bool = True
    heeds_updated_after: bool = False
    looks_up: bool = True
    order: str = "newest"
    repeats: bool = False
    form: str = "json"
    api_key: str | None = None
    faults: deque[str | None] = field(default_factory=deque)
    asked: list[dict[str, str]] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(5))

    def answer(self, asked: dict[str, str]) -> list[Record]:
        """The records of one answer."""
        if self.looks_up and "service_request_id" in asked:
            ids = asked["service_request_id"].split(",")
            return [record for record in self.records if record["service_request_id"] in ids]
        found = [record for record in self.records if self._lies_in(record, asked)]
        if self.order == "shuffled":
            self.dice.shuffle(found)
        else:
            found.sort(key=lambda record: record["requested_datetime"], reverse=True)
        page = int(asked.get("page", "1")) if self.has_pages else 1
        found = found[(page - 1) * self.cap : page * self.cap]
        if self.repeats and found:
            found = [*found, *found[:3]]
        return found

    def _lies_in(self, record: Record, asked: dict[str, str]) -> bool:
        requested = datetime.fromisoformat(record["requested_datetime"])
        updated = datetime.fromisoformat(record["updated_datetime"])
        if "start_date" in asked and not datetime.fromisoformat(asked["start_date"]) < requested < datetime.fromisoformat(
            asked["end_date"]
        ):
            return False
        if not self.heeds_updated_after:
            return True
        after, before = (datetime.fromisoformat(asked.get(name, NOON.isoformat())) for name in ("updated_after", "updated_before"))
        return "updated_after" not in asked or (after < updated and ("updated_before" not in asked or updated < before))


class Server(StubServer):
    """The server; `url` is its address."""

    def __init__(self, habits: Habits) -> None:
        super().__init__(_Handler)
        self.habits = habits
        self.url = f"{self.address}/open311/v2"


class _Handler(StubHandler):
    server: Server

    def respond(self) -> None:
        habits = self.server.habits
        parts = urlsplit(self.path)
        asked = dict(parse_qsl(parts.query))
        habits.asked.append({"path": parts.path, **asked})
        fault = habits.faults.popleft() if habits.faults else None
        if fault is not None:
            self.fail(fault)
        elif habits.api_key is not None and asked.get("api_key") != habits.api_key:
            self.answer(403, b'[{"code": 403, "description": "wrong api_key"}]')
        elif not parts.path.endswith(f"/requests.{habits.form}"):
            self.answer(404, b"<h1>not found</h1>", "text/html")
        elif not habits.takes_page_size and "page_size" in asked:
            self.answer(400, b'[{"code": 400, "description": "page_size is not known"}]')
        elif habits.form == "xml":
            self.answer(200, as_xml(habits.answer(asked)), "text/xml; charset=utf-8")
        else:
            self.answer(200, json.dumps(habits.answer(asked)).encode())

    def whole(self) -> bytes:
        return b'[{"service_request_id": "half", "status": "open"}]'

    def fail_as(self, fault: str) -> None:
        if fault == "half a list":
            self.answer(200, self.whole()[:-1])
        elif fault.startswith("to "):
            self.answer(302, b"", Location=fault.removeprefix("to "))
        else:
            super().fail_as(fault)


def as_xml(records: list[Record]) -> bytes:
    """The records as GeoReport's XML."""
    requests = "".join(
        "<request>" + "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in record.items()) + "</request>"
        for record in records
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n<service_requests>{requests}</service_requests>'.encode()


def serving(habits: Habits) -> AbstractContextManager[Server]:
    """The server, for as long as the block lasts."""
    return running(Server(habits))
