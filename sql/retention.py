"""Delete what is too old, by the settings of `sql.retention_settings`: in short transactions, so that nobody waits for it.

It moves a rule's horizon first, which only ever moves on; what was counted of before stays as it is. What each rule takes and what stays
stands in `docs/retention.md`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, Engine, text

from sql.queries import statement
from sql.settings import Settings

BATCH_ROWS = 5_000
BATCH_REQUESTS = 20_000
_YEAR = timedelta(days=365.25)


@dataclass(frozen=True)
class Rule:
    """One kind of row that grows old: the setting that says when, and the statements `retention-…` and `write-retention-…` of its name.

    Attributes:
        setting: as the operator writes it.
        kept: for how long; None is for ever.
        lead: rows are deleted so much later, because what is asked of the horizon's own day rests on them.
    """

    name: str
    setting: str
    kept: timedelta | None
    done: str
    most: int = BATCH_ROWS
    lead: timedelta = timedelta()


@dataclass(frozen=True)
class Taken:
    """What a run did by one rule, or would do: how many rows, of before which instant; None where the rule is off."""

    rule: Rule
    before: datetime | None
    rows: int


def rules(chosen: Settings) -> tuple[Rule, ...]:
    """Every rule, with what the settings say."""

    def days(count: int) -> timedelta | None:
        return timedelta(days=count) if count else None

    contacts, forecasts = days(chosen.contact_days), days(chosen.forecast_days)
    lost_after = timedelta(seconds=chosen.agent_lost_after_seconds)
    return (
        Rule("social-texts", "SOCIAL_TEXT_DAYS", days(chosen.social_text_days), "texts of posts forgotten that came"),
        Rule(
            "requests", "REQUEST_TEXT_DAYS", days(chosen.request_text_days), "requests emptied of words that changed last", BATCH_REQUESTS
        ),
        Rule("contacts", "CONTACT_DAYS", contacts, "contacts deleted that began"),
        Rule("surveys", "CONTACT_DAYS", contacts, "surveys parted from their contact that were answered"),
        Rule("agents", "AGENT_STATE_DAYS", days(chosen.agent_state_days), "changes of agents' states deleted", lead=lost_after),
        Rule("searches", "SEARCH_DAYS", days(chosen.search_days), "searches deleted that were made"),
        Rule("dead-letters", "DEAD_LETTER_DAYS", days(chosen.dead_letter_days), "refused events deleted that came"),
        Rule("weather-forecasts", "FORECAST_DAYS", forecasts, "forecasts of the weather deleted that were issued"),
        Rule("forecasts", "FORECAST_DAYS", forecasts, "forecasts of contacts deleted that were made"),
        Rule("audit", "AUDIT_YEARS", chosen.audit_years * _YEAR, "noted changes deleted that were made"),
    )


def horizon(rule: Rule, chosen: Settings, now: datetime) -> datetime | None:
    """The city's midnight before which a rule takes, in UTC; None: it takes nothing."""
    if rule.kept is None:
        return None
    day = (now - rule.kept).astimezone(chosen.zone).date()
    return datetime.combine(day, time(), chosen.zone).astimezone(UTC)


def retain(engine: Engine, chosen: Settings, now: datetime, progress: Callable[[Taken], object] = lambda _: None) -> list[Taken]:
    """Do what every rule says. Ended in the middle and begun again it goes on; done twice it does nothing more.

    Args:
        engine: of the account that may delete; each batch is a transaction of its own.
        chosen: for how long what is kept.
        now: the present, timezone-aware.
        progress: is told what each rule did, as soon as it has.
    """
    done = []
    for rule in rules(chosen):
        before = horizon(rule, chosen, now)
        taken = Taken(rule, before, _apply(engine, rule, before) if before else 0)
        done.append(taken)
        progress(taken)
    return done


def would_take(connection: Connection, chosen: Settings, now: datetime) -> Iterator[Taken]:
    """What `retain` would do, rule by rule; nothing is changed."""
    for rule in rules(chosen):
        before = horizon(rule, chosen, now)
        rows = connection.scalar(text(statement(f"retention-{rule.name}")), {"before": before - rule.lead}) if before else 0
        yield Taken(rule, before, int(rows or 0))


def _apply(engine: Engine, rule: Rule, before: datetime) -> int:
    before = _moved(engine, rule, before)
    if rule.name == "social-texts":
        return _texts(engine, rule, before)
    total, after = 0, None
    clause = text(statement(f"write-retention-{rule.name}"))
    while True:
        with engine.begin() as connection:
            if rule.name == "audit":
                connection.execute(text(statement("write-retention-audit-leave")))
            known = {"before": before - rule.lead, "most": rule.most, "after": after}
            rows, after = connection.execute(clause, {name: known[name] for name in clause.compile().params}).one()
            _note(connection, rule, rows)
        total += int(rows)
        if after is None:
            break
    if rule.name == "agents":
        with engine.begin() as connection:
            connection.execute(text(statement("write-retention-lock")))
            connection.execute(text(statement("write-retention-agents-gone")))
    return total


def _moved(engine: Engine, rule: Rule, before: datetime) -> datetime:
    """Where the horizon of a rule stands now: moved on to `before`, or where it was if that is later."""
    with engine.begin() as connection:
        if rule.name in ("contacts", "agents"):  # the consumer counts by this horizon: it must not move within a batch
            connection.execute(text(statement("write-retention-lock")))
        moved: datetime = connection.execute(text(statement("write-retention-horizon")), {"what": rule.name, "before": before}).scalar_one()
    return moved


def _texts(engine: Engine, rule: Rule, before: datetime) -> int:
    """Forget a day's texts after another, the oldest first."""
    with engine.connect() as connection:
        oldest = connection.scalar(text(statement("retention-oldest-text"))) or before
    total, until = 0, min(oldest, before)
    while until < before:
        until = min(until + timedelta(days=1), before)
        with engine.begin() as connection:
            rows = forget_texts(connection, before=until)
            _note(connection, rule, rows)
        total += rows
    return total


def forget_texts(connection: Connection, *, before: datetime) -> int:
    """Set the texts of posts to NULL that came before an instant.

    What repeats a post of the same author is marked as such first, as afterwards nobody could tell; and of reposts that are known by
    their words alone the numbers are kept.

    Args:
        connection: the caller commits.
        before: timezone-aware.

    Returns:
        How many texts were forgotten.
    """
    for name in ("write-social-repeats", "write-social-reposts"):
        connection.exec_driver_sql(statement(name), {"before": before})
    forgotten: int = connection.exec_driver_sql(statement("write-social-retention"), {"before": before}).rowcount
    return forgotten


def _note(connection: Connection, rule: Rule, rows: int) -> None:
    if rows:
        connection.execute(text(statement("write-retention-rows")), {"what": rule.name, "rows": rows})
