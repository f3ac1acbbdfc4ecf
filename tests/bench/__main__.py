"""`python -m tests.bench [NAME …]`: run the measurements and print them side by side, with date and machine."""

import os
import platform
import sys
from datetime import UTC, datetime

import click

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

    chosen = click.get_current_context().params
    different = bad_input.report(chosen["inputs"] or bad_input.DEFAULT_INPUTS, chosen["seed"], chosen["only"])
    if different:
        raise click.ClickException(f"{different} different findings: each is a defect")


BENCHES = {"ingest": _ingest, "latency": _latency, "snapshot": _snapshot, "requests": _requests, "pixel": _pixel, "bad_input": _bad_input}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--inputs", type=click.IntRange(min=1), help="bad_input: how many each decoder and source gets.")
@click.option("--seed", type=int, default=7, show_default=True, help="bad_input: what the inputs are drawn from.")
@click.option("--only", multiple=True, metavar="NAME", help="bad_input: only what has a name that begins so; more than once for several.")
def main(names: tuple[str, ...], inputs: int | None, seed: int, only: tuple[str, ...]) -> None:
    """Run the measurements NAMES, or all of them."""
    click.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name in names or BENCHES:
        click.echo(f"{name}:")
        BENCHES[name]()
        sys.stdout.flush()


if __name__ == "__main__":
    main(prog_name="python -m tests.bench")
