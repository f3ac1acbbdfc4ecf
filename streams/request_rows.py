"""The lines that are copied into the database for folded requests, surveys and searches. It decides nothing: `sql.intake` does."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from sql.intake import NOT_TOLD, Intake
from streams.events import SearchPerformedEvent, SurveyAnsweredEvent
from streams.request_fold import RequestRow

_encode = msgspec.json.Encoder(order="sorted").encode


def request_rows(requests: Mapping[str, RequestRow], intake: Intake) -> Iterator[tuple[Any, ...]]:
    """One row a request, in the columns of `request_batch`."""
    for service_request_id, row in requests.items():
        told = row.newest
        service_name = told.service_name or told.service_code or NOT_TOLD
        department = intake.department(told.department, told.agency_responsible, service_name)
        place = intake.places.place(told.lat, told.long, usable=told.usable_location)
        yield (
            service_request_id, told.status, told.requested_datetime, row.updated_at, row.version,
            told.expected_datetime, intake.expected(told.expected_datetime, department, service_name, told.requested_datetime),
            told.service_code, service_name, told.agency_responsible, told.department, department, told.description, told.status_notes,
            told.service_notice, told.address, told.address_id, told.zipcode, told.lat, told.long, told.usable_location, place.cell,
            _encode(place.areas).decode(), place.defect, told.media_url, told.channel, told.language, told.jurisdiction_id, row.source,
            row.first_requested, row.last_requested, _instants(row.seen_open), _instants(row.seen_closed),
        )  # fmt: skip


def survey_rows(surveys: Iterable[SurveyAnsweredEvent]) -> Iterator[tuple[Any, ...]]:
    """One row a survey, in the columns of `survey_batch`."""
    for event in surveys:
        told = event.data
        yield (
            told.survey_id, event.time, told.score, told.scale, told.service_request_id, told.contact_id, told.channel, told.language,
            event.source,
        )  # fmt: skip


def search_rows(searches: Iterable[SearchPerformedEvent]) -> Iterator[tuple[Any, ...]]:
    """One row a search, in the columns of `search_batch`."""
    for event in searches:
        told = event.data
        yield told.search_id, event.time, told.term, told.answers, told.channel, told.language, event.source


def _instants(instants: set[datetime]) -> str:
    return "{" + ",".join(instant.isoformat() for instant in sorted(instants)) + "}"
