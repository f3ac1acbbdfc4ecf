"""`dead-letters`: list, show or send again the refused events."""

import click

from streams.commands import plain_errors


@click.group(name="dead-letters", short_help="List, show or send again the refused events.")
def dead_letters() -> None:
    """The events that were refused, each whole and with its reason."""


@dead_letters.command(name="list")
@click.option("--most", type=click.IntRange(min=1), default=50, show_default=True, help="How many to show, newest first.")
@click.option("--all", "include_replayed", is_flag=True, help="Also those that were sent again.")
@plain_errors
def list_(most: int, include_replayed: bool) -> None:
    """List the refused events."""
    from streams.dead_letters import listed

    frame = listed(most=most, include_replayed=include_replayed)
    click.echo(frame.to_string(index=False, na_rep="") if len(frame) else "no refused events")


@dead_letters.command()
@click.argument("number", type=int, metavar="ID")
@click.option("--raw", is_flag=True, help="Only its bytes, as they came.")
@plain_errors
def show(number: int, raw: bool) -> None:
    """Show one refused event."""
    from streams.dead_letters import NoSuchDeadLetter, show as find

    try:
        letter = find(number)
    except NoSuchDeadLetter as error:
        raise click.ClickException(str(error)) from None
    if raw:
        click.echo(letter.value or b"")
        return
    click.echo(f"dead letter  {letter.dead_letter_id}")
    click.echo(f"reason       {letter.reason}")
    click.echo(f"where        {letter.topic} partition {letter.partition} offset {letter.offset}")
    for title, value in (("source", letter.source), ("key", letter.key), ("value", letter.value)):
        if value is not None:
            click.echo(f"{title:<12} {value.decode('utf-8', 'backslashreplace') if isinstance(value, bytes) else value}")


@dead_letters.command(name="replay")
@click.argument("numbers", type=int, nargs=-1, metavar="[ID]...")
@plain_errors
def replay_dead_letters(numbers: tuple[int, ...]) -> None:
    """Send refused events again: those named, else all that were not sent again yet. Lines of a source are left."""
    from streams import dead_letters as letters

    try:
        sent, left = letters.replay(numbers)
    except letters.NoSuchDeadLetter as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{sent:,} events sent again, {left:,} unreadable lines left: mend the source, or `show --raw` and `replay` them")
