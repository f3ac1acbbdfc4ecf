"""`python -m tests.bench [NAME …]`: run the measurements and print them side by side, with date and machine."""

import os
import platform
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sql.settings import PROJECT
from tests.bench import ingest, latency, requests, snapshot, stack


def _ingest() -> None:
    with stack.running() as running:
        rates = ingest.measure(running)
    quix = rates[-1].events_a_second
    for rate in rates:
        click.echo(f"  {rate.events_a_second:>10,.0f}/s  {rate.events_a_second / quix:5.2f} ×  {rate.name}")


def _latency() -> None:
    with stack.running() as running:
        found = latency.measure(running)
    click.echo(
        f"  send → committed at {latency.EVENTS_A_SECOND:,} events/s: median {found.median:.1f} ms, 99th percentile {found.p99:.1f} ms, "
        f"largest {found.largest:.0f} ms, {found.events:,} events"
    )


def _snapshot() -> None:
    with stack.running() as running:
        _costs(snapshot.measure(running))


def _requests() -> None:
    with stack.running() as running:
        click.echo(f"  {requests.measure_intake(running):>10,.0f}/s  requests into the tables, of {requests.REQUESTS:,}")
        _costs(requests.measure_pages(running))


def _costs(rows: list[snapshot.Cost]) -> None:
    for row in rows:
        small, large = row.milliseconds
        click.echo(f"  {row.name:22} {small:7.1f} ms {large:7.1f} ms {large / small:5.2f} ×")


def _pixel() -> None:
    from tests.bench import pixel

    with stack.running() as running:
        found = pixel.measure(running)
    click.echo(
        f"  send → pixel in a browser: median {found.median:.0f} ms, 95th percentile {found.p95:.0f} ms, largest {found.largest:.0f} ms, {found.samples} changes"
    )


def _bad_input() -> None:
    from tests.bench import bad_input

    chosen = _options()
    different = bad_input.report(chosen["inputs"] or bad_input.DEFAULT_INPUTS, chosen["seed"], chosen["only"])
    if different:
        raise click.ClickException(f"{different} different findings: each is a defect")


def _faults() -> None:
    from tests.bench import faults

    found = []
    for one in faults.measure(_options()["fault"], rounds=_options()["rounds"]):
        found.append(one)
        click.echo(faults.line(one))
    click.echo("\n".join(faults.summary(found)))


def _walls() -> None:
    from tests.bench import walls

    carried = []
    for one in walls.measure(path=_options()["page"], processes=_options()["processes"]):
        carried.append(one)
        click.echo(walls.line(one))
    click.echo(f"  most that hold: {max((one.walls for one in carried if one.holds), default=0)}")


def _scale() -> None:
    from tests.bench import scale
    from tests.bench.scale_fill import Size

    size = Size(_options()["contacts"], _options()["requests"])
    found = scale.measure(size, state_dir=_options()["folder"], say=click.echo)
    click.echo("\n".join(scale.summary(found)))


def _surge() -> None:
    from tests.bench import surge

    click.echo(surge.line(surge.measure(minutes=_options()["minutes"])))


# Without a name these run; the others take from ten minutes to some hours, and are asked for by name.
USUAL = {"ingest": _ingest, "latency": _latency, "snapshot": _snapshot, "requests": _requests, "pixel": _pixel}
LONG = {"walls": _walls, "surge": _surge, "faults": _faults, "scale": _scale, "bad_input": _bad_input}
BENCHES = USUAL | LONG


def _options() -> dict[str, Any]:
    return click.get_current_context().params


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--fault", multiple=True, help="faults: only those whose name holds these words; may be given several times.")
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="faults: how often each.")
@click.option("--page", default="/", show_default=True, help="walls: which page, for example `/?wall=live,map`.")
@click.option("--processes", type=click.IntRange(1, 8), default=1, show_default=True, help="walls: dashboards behind a sticky proxy.")
@click.option("--contacts", type=click.IntRange(100_000), default=50_000_000, show_default=True, help="scale: contacts in the larger one.")
@click.option("--requests", type=click.IntRange(100_000), default=20_000_000, show_default=True, help="scale: requests in the larger one.")
@click.option("--folder", type=click.Path(path_type=Path), default=PROJECT / ".city311" / "scale", help="scale: where both databases stay.")
@click.option("--minutes", type=click.FloatRange(min=0.5), default=10.0, show_default=True, help="surge: how long.")
@click.option("--inputs", type=click.IntRange(min=1), help="bad_input: how many each decoder and source gets.")
@click.option("--seed", type=int, default=7, show_default=True, help="bad_input: what the inputs are drawn from.")
@click.option("--only", multiple=True, metavar="NAME", help="bad_input: only what has a name that begins so; more than once for several.")
def main(names: tuple[str, ...], **_: object) -> None:
    """Run the measurements NAMES; without a name those that take minutes: ingest, latency, snapshot, requests, pixel.

    walls, surge, faults, scale and bad_input take from ten minutes to some hours. `python -m tests.bench.soak --help` watches for growth.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # children and folders go, whoever stops it
    click.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name in names or USUAL:
        click.echo(f"{name}:")
        BENCHES[name]()
        sys.stdout.flush()


if __name__ == "__main__":
    main(prog_name="python -m tests.bench")
