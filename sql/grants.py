"""Which account may do what with which table: one table, held against the schema by a test, and the statements that bring it about.

A table, view, function or sequence without a line here can be used by the owner alone. It connects to nothing and makes no account;
`sql.accounts` does.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PREFIX = "city311_"
OWNER = PREFIX + "owner"
PARTS = ("streams", "forecasting", "dashboard", "reader", "retention")  # the columns of the table, in their order
ACCOUNTS: Mapping[str, str] = {
    OWNER: "owns the schema: `python -m sql migrate`, `load`, `rebuild`",
    PREFIX + "streams": "every `python -m streams` command",
    PREFIX + "forecasting": "every `python -m forecasting` command",
    PREFIX + "dashboard": "`python -m dashboard`: reads, and writes what people edit",
    PREFIX + "reader": "`python -m sql report` and other tools: reads, without refused events, posts' words, the log and the audit",
    PREFIX + "retention": "`python -m sql retain`: the only one that deletes what is too old",
}
SCHEMAS = ("public", "metric")
_RIGHTS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}  # Postgres's own letters
_CELL = re.compile(r"-|([rawd]+)(?:\(([a-z_,]+)\))?")

_REFUSALS = "topic,reason,source,refused_at,replayed_at"  # never what was refused, which may be anything
# What a part may do: r read, a add, w change, d delete; r(…) those columns alone; - nothing.
_TABLES = f"""
                            streams  forecasting  dashboard  reader  retention
    migration               r        r            r          r       r
    alembic_version         -        -            -          -       -
    queue                   ra       r            r          r       -
    service_target          r        r            r          r       -
    contact                 raw      r(queue,queued_at,answered_at,left_at,left_reason)  r  r  rd
    contact_interval        raw      r            r          r       -
    agent                   ra       -            r          r       rd
    agent_state_change      raw      -            r          r       rd
    feed                    raw      r            r          r       -
    feed_partition          raw      -            r          r       -
    queue_feed              raw      -            r          r       -
    stream_offset           raw      -            r          r       -
    dead_letter             raw      -            r({_REFUSALS})  r({_REFUSALS})  rd

    department              ra       -            r          r       -
    service                 ra       -            r          r       -
    request_target          r        -            r          r       -
    closing_phrase          r        -            r          r       r
    area                    r        -            r          r       -
    intake_version          rw       -            -          -       -
    request                 raw      -            r          r       rw
    survey                  ra       -            r          r       rw
    search                  ra       -            r          r       rd
    review_action           -        -            raw        r       -
    display                 -        -            raw        -       -
    queue_by_hand           -        -            ra         -       -
    audit                   -        -            a          -       rd
    retention               r        -            r          r       raw

    weather_forecast        raw      r            r          r       rd
    weather_forecast_hour   rawd     r            r          r       rd
    weather_day             raw      r            r          r       -

    volume_import           r        ra           r          r       -
    volume                  r        raw          r          r       -
    forecast_run            r        ra           r          r       rd
    forecast_day            r        ra           r          r       -
    forecast_interval       r        ra           r          r       -
    staffing_input          r        ra           r          r       -
    staffing_capacity       r        ra           r          r       -
    staffing_carry          r        rad          r          r       -
    scenario                r        raw          ra         r       -
    scenario_interval       r        ra           r          r       -
    schedule_upload         r        r            ra         r       -
    schedule                r        r            ra         r       -
    forecast_override       r        r            raw        r       -

    alert                   raw      r            ra         r       -
    social_post             raw      -            r          r(source,posted_at,language,topics,question,rumor,verified,reposts)  rw
    social_repost           raw      -            r          -       r
    social_reply            raw      -            r          -       -
    incident                r        r            raw        r       -
    incident_change         r        r            ra         r       -
    activity_log            -        -            ra         -       -
    approved_answer         r        -            ra         r       -
    lifeline_type           r        -            r          r       -
    lifeline_status         r        -            ra         r       -
    watch_state             rawd     -            r          r       -
    watch_alert             raw      -            r          r       -
    watch_delivery          raw      -            r          -       -

    metric.feeds                   r  r  r  r  r
    metric.definition              r  r  r  r  r
    metric.departments_and_city    r  r  r  r  r
"""
# Numbers that a statement asks for itself; a table's own numbering needs no right.
SEQUENCES: Mapping[str, tuple[str, ...]] = {"approved_answer_number": ("dashboard",)}
# They work with the rights of whoever calls them and hold nothing; those of the schema metric may all be called.
FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "instants_of_both": PARTS,
    "closed_for_good": PARTS,
    "refuse_change": (),  # of triggers: nobody calls them
    "refuse_deletion": (),
    "refuse_young_deletion": (),
}


@dataclass(frozen=True)
class Line:
    """What one part may do with one table: letters of `rawd`; `columns` is empty where it is all of them."""

    table: str
    part: str
    rights: str
    columns: tuple[str, ...]

    def statement(self) -> str:
        """The GRANT of this line."""
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        rights = ", ".join(_RIGHTS[letter] + columns for letter in self.rights)
        return f"GRANT {rights} ON {self.table} TO {PREFIX}{self.part}"


def lines() -> Iterator[Line]:
    """The table, a line for each part that may do anything."""
    for row in filter(str.strip, _TABLES.splitlines()[2:]):
        table, *cells = row.split()
        for part, cell in zip(PARTS, cells, strict=True):
            if found := _CELL.fullmatch(cell):
                if found[1]:
                    yield Line(table, part, found[1], tuple(found[2].split(",")) if found[2] else ())
            else:
                raise ValueError(f"{table}, {part}: {cell!r} is no right")


def tables() -> set[str]:
    """Every table and view that has a row, also where nobody but the owner may use it."""
    return {row.split()[0] for row in _TABLES.splitlines()[2:] if row.strip()}


def statements(database: str) -> Iterator[str]:
    """Everything that takes away what PUBLIC and the parts have in a database, and grants them what the table says; for its owner.

    Args:
        database: its name, quoted as an identifier.
    """
    everybody = ", ".join(PREFIX + part for part in PARTS)
    schemas = ", ".join(SCHEMAS)
    yield f"REVOKE ALL ON DATABASE {database} FROM PUBLIC, {everybody}"
    yield f"GRANT CONNECT ON DATABASE {database} TO {everybody}"
    yield f"GRANT TEMPORARY ON DATABASE {database} TO {PREFIX}streams"  # a batch is copied into temporary tables first
    yield f"REVOKE ALL ON SCHEMA {schemas} FROM PUBLIC, {everybody}"
    yield f"GRANT USAGE ON SCHEMA {schemas} TO {everybody}"
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA {schemas} FROM PUBLIC, {everybody}"
    yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA metric TO {everybody}"
    for line in lines():
        yield line.statement()
    for kind, right, granted in (("SEQUENCE", "USAGE", SEQUENCES), ("FUNCTION", "EXECUTE", FUNCTIONS)):
        for name, parts in granted.items():
            for part in parts:
                yield f"GRANT {right} ON {kind} {name} TO {PREFIX}{part}"
