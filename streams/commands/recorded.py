"""`replay` and `follow`: publish the events of a recorded file, or of a log that is still written."""

import signal
import sys
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from sql.health import served
from sql.settings import settings
from sql.stopping import ended_by_signal
from streams import telemetry
from streams.commands import plain_errors, source_named, source_options
from streams.commands.social import follow_bluesky, follow_mastodon
from streams.records import lines
from streams.replay import Summary, run as replay_file
from streams.sources.kinds import FOLLOWED_KINDS, KINDS

TERMINATED = 143
READABLE_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class Speed(click.ParamType["float | None"]):
    """`max`, or how many recorded seconds go by in one real second."""

    name = "N|max"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """None for `max`, else a number above 0."""
        if value is None or value == "max":
            return None
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(f"{value!r} is neither `max` nor a number above 0.", param, ctx)
        return speed


@click.command(short_help="Publish the events of a recorded file.")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=READABLE_FILE)
@click.option("--speed", type=Speed(), default="max", show_default=True, help="Recorded seconds in one real second, or as fast as it goes.")
@click.option(
    "--start", type=click.Choice(["now", "as-recorded"]), default="as-recorded", show_default=True, help="When the recording begins."
)
@source_options
@plain_errors
def replay(kind: str, file: Path, speed: float | None, start: str, name: str | None, mapping: str | None) -> None:
    """Publish the events of a recorded FILE (plain or .gz). Replayed twice, they count once.

    With --start now the recording is moved in time, and its contacts and requests are new ones.
    """
    signal.signal(signal.SIGTERM, _terminated)
    watched = sys.stderr.isatty()
    source = source_named(kind, name, mapping)
    total = sum(1 for _ in lines(file)) if watched and kind not in ("connect", "open311", "nws-forecast", "nws") else None
    with tqdm(total=total, desc=file.name, unit=" records", unit_scale=True, disable=not watched) as bar:
        summary = replay_file(file, source, speed=speed, start_now=start == "now", progress=bar.update)
    click.echo(_sentence(summary))


def _sentence(summary: Summary) -> str:
    rate = summary.events / summary.seconds if summary.seconds else 0
    return (
        f"{summary.events:,} events published, {summary.unreadable:,} records unreadable, {summary.ignored:,} without meaning here, "
        f"{summary.seconds:.1f} s ({rate:,.0f} events/s)"
    )


def _terminated(*_: object) -> None:
    raise SystemExit(TERMINATED)


class _Follow(click.Group):
    """`follow KIND …`; options may also stand before the kind."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The kind goes first, wherever it stands."""
        place = next((number for number, word in enumerate(args) if word in self.commands), 0)
        return super().parse_args(ctx, [*args[place : place + 1], *args[:place], *args[place + 1 :]])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The kind that was named.

        Raises:
            click.BadParameter: there is none of that name.
        """
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise click.BadParameter(f"{args[0]!r} is not one of {', '.join(map(repr, self.list_commands(ctx)))}.", param_hint="KIND")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The kinds: logs first."""
        return list(self.commands)


@click.group(cls=_Follow, short_help="Publish what is written to a log or posted in public, until stopped.", subcommand_metavar="KIND …")
def follow() -> None:
    """Publish what is written to a log or posted in public, until stopped."""


def _follow_log(kind: str) -> click.Command:
    @click.argument("file", type=click.Path(dir_okay=False, readable=True, path_type=Path))
    @click.option(
        "--from-end/--from-start", default=False, help="The first time, leave out what FILE holds already; by default all of it is read."
    )
    @click.option(
        "--heartbeat-seconds", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="How often to tell that nothing is new."
    )
    @source_options
    @plain_errors
    def followed(file: Path, from_end: bool, heartbeat_seconds: float, name: str | None, mapping: str | None) -> None:
        """Publish what is written to the log FILE, until stopped: through rotation and restarts, without loss or repeats."""
        from streams.follow import Follower

        stop = ended_by_signal()
        source = source_named(kind, name, mapping)
        follower = Follower(file, source, state_dir=settings().state_dir, from_end=from_end, heartbeat_seconds=heartbeat_seconds, stop=stop)
        with served(f"follow {kind}", (telemetry.PUBLISHER, telemetry.FOLLOWER), follower.unready):
            follower.run()
        click.echo(f"{follower.events:,} events published, {follower.unreadable:,} lines unreadable")

    return click.command(name=kind)(followed)


for _kind in FOLLOWED_KINDS:
    follow.add_command(_follow_log(_kind))
for _command in (follow_mastodon, follow_bluesky):
    follow.add_command(_command)
