"""What bad input is given to, of what comes as a file: reference files, areas, weather, schedules, volumes, rules, checkpoints, recordings.

Each input is written into a file of its own process, because that is what is read.
"""

import os
import tempfile
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from dashboard import staffing_upload
from forecasting import volume_files
from forecasting.commands.plain_errors import Refused
from sql import areas, reference, weather_files
from sql.reference import InvalidFile
from sql.settings import PROJECT
from streams import records, rows
from streams.follow import Checkpoint, Follower, InvalidCheckpoint
from streams.poll import checkpoint as polled
from streams.simulator.city import load_city
from streams.simulator.city_file import InvalidCity
from streams.social import follower as social
from streams.social.topics import InvalidTopics, load as load_topics
from streams.sources.mapping import InvalidMapping, read_mapping
from streams.sources.request_mapping import SHIPPED as MAPPINGS, read_request_mapping
from streams.watch.rules import SHIPPED as RULES, InvalidRules, read as read_rules
from streams.watch.runbook import anchors
from tests.bench.bad_input_feeds import CITY, QUEUE_LOG, Reader, Target

FILE_SHARE = 0.1
SLOW_SHARE = 0.02  # of what makes a table of pandas, or reads a long file
SIMULATOR = PROJECT / "streams" / "simulator"
URL = "https://x.example"


@cache
def _folder(process: int) -> Path:
    shared = Path("/dev/shm")  # in memory, where there is such a folder: only the file's contents matter
    folder = Path(tempfile.mkdtemp(prefix=f"bad-input-{process}-", dir=shared if shared.is_dir() else None))
    for named in SIMULATOR.iterdir():  # a city's file names others beside it
        (folder / named.name).symlink_to(named)
    return folder


def _of_file(read: Callable[[Path], object], name: str = "input") -> Callable[[], Reader]:
    """Readers of a path."""

    def begin() -> Reader:
        file = _folder(os.getpid()) / name

        def given(value: bytes) -> None:
            file.write_bytes(value)
            read(file)

        return given

    return begin


def _file(*names: str) -> tuple[bytes, ...]:
    return tuple((SIMULATOR / name).read_bytes() for name in names)


REFERENCE = {
    "queues": _file("queues.toml"),
    "targets": _file("targets.toml"),
    "departments": _file("departments.toml"),
    "answers": (_file("answers.toml")[0][:1500].rpartition(b"[[")[0],),
    "lifelines": _file("lifelines.toml"),
    "incidents": (b'[[incident]]\nname = "Snow"\nkind = "snow"\nonset_at = 2026-01-25T07:00:00\nended_at = 2026-01-27\n',),
}
AREAS = (
    (
        b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"District 1","id":1},"geometry":{"type":"Polygon",'
        b'"coordinates":[[[-75.2,39.9],[-75.1,39.9],[-75.1,40.0],[-75.2,39.9]]]}},{"type":"Feature","properties":{"name":"District 2","id":2},'
        b'"geometry":{"type":"MultiPolygon","coordinates":[[[[-75.2,39.9],[-75.1,39.9],[-75.1,40.0],[-75.2,39.9]]]]}}]}'
    ),
)
WEATHER = (
    b"date,snow_in,prcp_in,tmax_f,tmin_f,awnd_mph\n2026-01-25,3.1,0.4,28,19,12.1\n2026-01-26,T,M,30,20,\n2026-01-27,,0,35,25,4\n",
    b"STATION,DATE,SNOW,SNWD,PRCP,TMAX,TMIN,AWND,WSF5\nUSW1,2026-01-25,79,100,10.2,-2.2,-7.2,5.4,12\nUSW1,2026-01-26,,,,1,,,\n",
)
VOLUMES = (
    b"date,contacts,queue\n2026-01-05,5,Water\n2026-01-06,6,Water\n2026-01-06,7,Streets\n",
    b"interval_start,contacts,queue\n2026-01-05T08:00,5,a\n2026-01-05T08:30,6,a\n2026-01-05T09:00,,a\n",
    b'Date,contacts\n01/05/2026 8:00 AM,"1,005"\n01/05/2026 9:00 AM,6\n',
)
SCHEDULE = (b"queue,date,start,end,people\ngeneral,2026-11-27,07:00,15:30,5\nspanish,2026-11-27,16:00,24:00,2\n",)


def _volumes(file: Path) -> None:
    volume_files.by_day(volume_files.read(file, column="contacts", zone=CITY), CITY)


def _reference(kind: str) -> Target:
    samples = REFERENCE[kind]
    assert reference.read(kind, _written(samples[0]), CITY), f"the sample of {kind} is none"
    return Target(f"file: {kind}", samples, _of_file(lambda file: reference.read(kind, file, CITY)), (InvalidFile,), FILE_SHARE)


def _written(content: bytes) -> Path:
    file = _folder(os.getpid()) / "sample"
    file.write_bytes(content)
    return file


def _followed(value: bytes) -> None:
    """The checkpoint of a log that is followed, and of a feed of posts."""
    from tests.bench.bad_input_feeds import _mastodon, _queue_log

    feed = cast("Any", SimpleNamespace(address=URL, source=_mastodon(), begin=dict))
    log = Follower(Path("/nowhere/log"), _queue_log(), state_dir=_folder(os.getpid()), from_end=False, heartbeat_seconds=1, stop=_NEVER)
    posts = social.SocialFollower(feed, state_dir=_folder(os.getpid()), stop=_NEVER)
    for one in (log, posts):
        one._home.mkdir(parents=True, exist_ok=True)
        (one._home / "checkpoint.json").write_bytes(value)
        try:
            one._read_checkpoint()
        except InvalidCheckpoint:
            continue


_NEVER = cast("Any", None)
_CHECKPOINTS = tuple(
    records.msgspec.json.encode(one)
    for one in (
        polled.Checkpoint(URL, datetime(2026, 1, 25, tzinfo=CITY), open={"1": polled.Known(1, 2)}),
        polled.ForecastCheckpoint(URL, datetime(2026, 1, 25, tzinfo=CITY), "a", "b"),
        polled.AlertCheckpoint(URL, {"area=PA": polled.Seen(datetime(2026, 1, 25, tzinfo=CITY), None, None, ("a",), ("b",))}),
    )
)


def _polled(file: Path) -> None:
    refused = 0
    kinds: tuple[Any, ...] = (polled.Checkpoint, polled.ForecastCheckpoint, polled.AlertCheckpoint)
    for kind in kinds:
        try:
            polled.read(file.parent, URL, kind)
        except InvalidCheckpoint:
            refused += 1
    if refused == len(kinds):
        raise InvalidCheckpoint("of no kind")


def _table_rows(file: Path) -> None:
    for layout in (rows.Layout(), rows.Layout("windows-1252", None, ";"), rows.Layout("utf-8", "latin-1")):
        rows.header(file, layout)
        list(rows.rows(file, layout))


def _documents(file: Path) -> None:
    list(records.lines(file))
    list(records.documents(file, xml=True))


TARGETS: tuple[Target, ...] = (
    *map(_reference, REFERENCE),
    Target("file: areas", AREAS, _of_file(areas.read), (InvalidFile,), FILE_SHARE),
    Target("file: weather days", WEATHER, _of_file(weather_files.read), (InvalidFile,), SLOW_SHARE),
    Target("file: volumes", VOLUMES, _of_file(_volumes), (Refused,), SLOW_SHARE),
    Target(
        "file: schedule",
        SCHEDULE,
        lambda: lambda value: staffing_upload.parse(value, ("general", "spanish"), CITY),
        (staffing_upload.Refused,),
        FILE_SHARE,
    ),
    Target(
        "file: recordings", (*QUEUE_LOG[:3], b'[{"a":1},{"b":2}]', b'{"a":1}{"b":2}'), _of_file(_documents), (records.UnreadableFile,), 0.1
    ),
    Target(
        "file: tables of requests",
        (b'id,opened,text\n1,2026-01-02,"a\nb"\n2,2026-01-03,c""d\n', b"\xef\xbb\xbfid;opened\n1;2\n"),
        _of_file(_table_rows),
        (records.UnreadableFile,),
        FILE_SHARE,
    ),
    Target(
        "file: watch rules",
        (RULES.read_bytes()[:1800].rpartition(b"[[")[0], b'[[receiver]]\nname = "n"\nurl_env = "N_URL"\nquiet_hours = "22:00-06:00"\n'),
        _of_file(lambda file: read_rules(file, anchors=anchors(), subjects=None)),
        (InvalidRules,),
        FILE_SHARE,
    ),
    Target(
        "file: request mappings",
        tuple(file.read_bytes() for file in sorted(MAPPINGS.glob("*.toml"))),
        _of_file(read_request_mapping),
        (InvalidMapping,),
        FILE_SHARE,
    ),
    Target(
        "file: names of a site", (b'ignored_verbs = ["X"]\n[queues]\nq1 = "general"\n',), _of_file(read_mapping), (InvalidMapping,), 0.1
    ),
    Target(
        "file: topics of posts",
        (
            b'question = {en = {"when" = 1}}\n[topics.power]\ntitle = "Power"\n[topics.power.words.en]\n"no power" = 1\n"tree* ~ street" = 0.5\n',
        ),
        _of_file(load_topics),
        (InvalidTopics,),
        FILE_SHARE,
    ),
    Target("file: a simulated city", _file("philadelphia.toml"), _of_file(load_city, "city.toml"), (InvalidCity,), SLOW_SHARE),
    Target("checkpoint: polls", _CHECKPOINTS, _of_file(_polled, "checkpoint.json"), (InvalidCheckpoint,), FILE_SHARE),
    Target(
        "checkpoint: followed",
        tuple(
            records.msgspec.json.encode(one) for one in (Checkpoint("/nowhere/log", None, "{}"), social.Checkpoint(URL, {"#a": "1"}, "{}"))
        ),
        lambda: _followed,
        (),
        FILE_SHARE,
    ),
)
