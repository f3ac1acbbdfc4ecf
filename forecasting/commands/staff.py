"""`python -m forecasting staff`: how many people one interval needs, by Erlang A and Erlang C side by side. It asks no database."""

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import click
import numpy as np

from forecasting.commands.plain_errors import plain_errors
from forecasting.erlang import InvalidLoad, Steady, Work, steady_state
from forecasting.required import Target, agents_required, scheduled

MOST_ERLANGS = 50_000.0  # ten times the largest centre that the formulas are tested for
NEIGHBOURS = 2  # rows of the table above and below the required number
MODELS = {"erlang_a": "Erlang A", "erlang_c": "Erlang C"}
FIELDS = {
    "service_level": "service level",
    "abandon_share": "abandoned",
    "occupancy": "occupancy",
    "average_wait_seconds": "average wait",
}


SMALLEST, LARGEST = 1e-6, 1e9  # of what is given, in whatever unit


@dataclass(frozen=True)
class Answer:
    """What one model says: the people, and what contacts then meet."""

    agents_required: int
    agents_scheduled: int
    steady: Steady


class Number(click.types.FloatParamType):
    """A number with which one can reckon: where it is one, 0 or of a size that anybody means."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number = float(super().convert(value, param, ctx))
        if number and math.isfinite(number) and not SMALLEST <= abs(number) <= LARGEST:
            self.fail(f"{str(value)[:30]!r} is not a number from {SMALLEST:f} to {LARGEST:,.0f}.", param, ctx)
        return number


@click.command(short_help="Say how many people one interval needs.")
@click.option("--calls", type=Number(), required=True, metavar="N", help="Contacts that the interval brings.")
@click.option("--interval-minutes", type=Number(), default=30.0, show_default=True, metavar="MINUTES", help="The interval.")
@click.option("--handle-seconds", type=Number(), required=True, metavar="SECONDS", help="Mean talk, hold and wrap-up of a contact.")
@click.option("--patience-seconds", type=Number(), metavar="SECONDS", help="Mean time until a waiting person gives up; without it, never.")
@click.option("--target", type=Number(), default=0.8, show_default=True, metavar="SHARE", help="Share of all contacts to answer in time.")
@click.option("--threshold", type=Number(), default=20.0, show_default=True, metavar="SECONDS", help="What in time means.")
@click.option("--max-occupancy", type=Number(), default=1.0, metavar="SHARE", help="Most of their time that people may spend in contacts.")
@click.option(
    "--shrinkage", type=Number(), default=0.0, show_default=True, metavar="SHARE", help="Scheduled time that is not for contacts."
)
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
@plain_errors
def staff(
    calls: float,
    interval_minutes: float,
    handle_seconds: float,
    patience_seconds: float | None,
    target: float,
    threshold: float,
    max_occupancy: float,
    shrinkage: float,
    shape: str,
) -> None:
    """Say how many people one interval needs: by Erlang A, where people give up, and by Erlang C, where nobody does."""
    try:
        goal = Target(target, threshold, max_occupancy)
        works = {"erlang_c": Work(handle_seconds, None, interval_minutes * 60)}
        if patience_seconds is not None:
            works = {"erlang_a": Work(handle_seconds, patience_seconds, interval_minutes * 60), **works}
        erlangs = float(works["erlang_c"].erlangs(calls))
        if erlangs > MOST_ERLANGS:
            raise InvalidLoad(f"{calls:.10g} contacts are {erlangs:.1f} erlangs: up to {MOST_ERLANGS:,.0f} are computed")
        answers = {model: _answer(calls, work, goal, shrinkage) for model, work in works.items()}
    except InvalidLoad as error:
        raise click.UsageError(f"{error}.") from None
    table = {model: _around(answers, calls, work, goal) for model, work in works.items()}
    if shape == "json":
        click.echo(json.dumps({"erlangs": erlangs, **_json(answers), "table": _json_table(table)}, indent=2))
        return
    click.echo(f"{calls:g} contacts in {interval_minutes:g} minutes, {handle_seconds:g} s each: {erlangs:.2f} erlangs")
    limit = f", occupancy up to {_share(max_occupancy)}" if max_occupancy < 1 else ""
    click.echo(f"Target: {_share(target)} of all answered within {threshold:g} s{limit}; shrinkage {_share(shrinkage)}\n")
    click.echo(_text(answers))
    click.echo(_text_table(table))


def _answer(calls: float, work: Work, goal: Target, shrinkage: float) -> Answer:
    required = int(agents_required(calls, work, goal))
    return Answer(required, int(scheduled(required, shrinkage)), _steady(required, calls, work, goal))


def _steady(agents: int, calls: float, work: Work, goal: Target) -> Steady:
    """What the contacts meet; where none comes, that is no data, whatever one of them would have met."""
    steady = steady_state(agents, calls, work, threshold_seconds=goal.threshold_seconds)
    if calls:
        return steady
    nothing = np.full_like(steady.service_level, np.nan)
    return replace(Steady(*(nothing for _ in fields(Steady))), occupancy=steady.occupancy)


def _around(answers: dict[str, Answer], calls: float, work: Work, goal: Target) -> list[tuple[int, Steady]]:
    """What a few people more or fewer than required would mean; with two models, than the one or the other requires."""
    required = [answer.agents_required for answer in answers.values()]
    numbers = range(max(0, min(required) - NEIGHBOURS), max(required) + NEIGHBOURS + 1)
    return [(number, _steady(number, calls, work, goal)) for number in numbers]


def _figures(steady: Steady) -> dict[str, float | None]:
    """One steady state as JSON can say it: what has no end, or no data, is null."""
    return {name: float(value) if np.isfinite(value) else None for name, value in asdict(steady).items()}


def _json(answers: dict[str, Answer]) -> dict[str, Any]:
    """The figures to plan with, and then those of each model."""
    said = {
        model: {
            "agents_required": answer.agents_required,
            "agents_scheduled": answer.agents_scheduled,
            **_figures(answer.steady),
        }
        for model, answer in answers.items()
    }
    planned = next(model for model in MODELS if model in said)  # Erlang A, if there is a patience
    return {"model": planned, **said[planned], **{model: said.get(model) for model in MODELS}}


def _json_table(table: dict[str, list[tuple[int, Steady]]]) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for model, lines in table.items():
        for number, steady in lines:
            rows.setdefault(number, {"agents": number})[model] = _figures(steady)
    return list(rows.values())


def _share(value: float) -> str:
    return f"{100 * value:.4g}%"


def _words(name: str, value: float) -> str:
    if math.isnan(value):
        return "no data"
    if name.endswith("_seconds"):
        return "grows on" if math.isinf(value) else f"{value:.1f} s"
    return f"{value:.1%}"


def _text(answers: dict[str, Answer]) -> str:
    rows = [["", *(MODELS[model] for model in answers)]]
    rows.append(["people required", *(str(answer.agents_required) for answer in answers.values())])
    rows.append(["people scheduled", *(str(answer.agents_scheduled) for answer in answers.values())])
    for name, title in FIELDS.items():
        rows.append([title, *(_words(name, float(getattr(answer.steady, name))) for answer in answers.values())])
    return "".join(f"{row[0]:<18}" + "".join(f"{cell:>12}" for cell in row[1:]) + "\n" for row in rows)


def _text_table(table: dict[str, list[tuple[int, Steady]]]) -> str:
    text = ""
    for model, lines in table.items():
        text += f"{MODELS[model] + ': people':<18}" + "".join(f"{title:>15}" for title in FIELDS.values()) + "\n"
        for number, steady in lines:
            text += f"{number:>18}" + "".join(f"{_words(name, float(getattr(steady, name))):>15}" for name in FIELDS) + "\n"
        text += "\n"
    return text.rstrip("\n")
