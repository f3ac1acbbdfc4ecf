"""`follow mastodon`, `follow bluesky`, `reclassify-posts`, `forget-posts`: public posts as they come, and those that are stored."""

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from sql.health import served
from sql.settings import settings
from sql.stopping import ended_by_signal
from streams import telemetry
from streams.commands import feed_name, plain_errors

if TYPE_CHECKING:
    from streams.social.feed import Feed

PARTED = "parted by commas"


def _listed(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, (value or "").split(","))))


@click.command(name="mastodon", short_help="Publish the posts of hashtags on a Mastodon server.")
@click.option("--server", required=True, metavar="URL", help="The server, such as https://mastodon.example.")
@click.option("--tags", required=True, callback=_listed, metavar="A,B", help=f"Hashtags, {PARTED}.")
@click.option("--streaming-url", metavar="URL", help="The address of the server's streams, where that is another.")
@click.option("--token-env", metavar="NAME", help="The environment variable that holds an access token with the scope read:statuses.")
@click.option("--source", "name", metavar="NAME", help="The feed's name in every event; mastodon/SERVER unless given.", callback=feed_name)
@plain_errors
def follow_mastodon(server: str, tags: tuple[str, ...], streaming_url: str | None, token_env: str | None, name: str | None) -> None:
    """Publish the public posts of hashtags on a Mastodon server, until stopped; what came meanwhile is asked for after a gap."""
    from streams.poll.asking import InvalidAddress
    from streams.social.wanted import mastodon

    token = os.environ.get(token_env) if token_env else None
    if token_env and not token:
        raise click.UsageError(f"--token-env: the environment has no variable {token_env}")
    try:
        feed = mastodon(server, tags, streaming=streaming_url, token=token, name=name, chosen=settings())
    except InvalidAddress as error:
        raise click.UsageError(str(error)) from None
    _follow(feed, "mastodon")


@click.command(name="bluesky", short_help="Publish the posts of Bluesky that have some words or tags.")
@click.option("--words", callback=_listed, metavar="A,B", help=f"Words and phrases, {PARTED}; `plow*` is any word that begins so.")
@click.option("--tags", callback=_listed, metavar="A,B", help=f"Hashtags, {PARTED}.")
@click.option("--url", metavar="wss://…", help="A Jetstream; one of Bluesky's own unless given.")
@click.option(
    "--source", "name", metavar="NAME", help="The feed's name in every event; bluesky/jetstream unless given.", callback=feed_name
)
@plain_errors
def follow_bluesky(words: tuple[str, ...], tags: tuple[str, ...], url: str | None, name: str | None) -> None:
    """Publish the posts of Bluesky that have one of some words or tags, until stopped. It goes on where it left off."""
    from streams.poll.asking import InvalidAddress
    from streams.social.wanted import bluesky

    try:
        feed = bluesky(url, wanted=words, tags=tags, name=name, chosen=settings())
    except InvalidAddress as error:
        raise click.UsageError(str(error)) from None
    _follow(feed, "bluesky")


def _follow(feed: "Feed", kind: str) -> None:
    from streams.social.follower import SocialFollower

    follower = SocialFollower(feed, state_dir=settings().state_dir, stop=ended_by_signal())
    with served(f"follow {kind}", (telemetry.PUBLISHER, telemetry.FOLLOWER), follower.unready):
        follower.run()
    ignored = feed.source.ignored.total()
    click.echo(f"{follower.events:,} events published, {follower.unreadable:,} messages unreadable, {ignored:,} without meaning here")


@click.command(name="reclassify-posts", short_help="Apply the present rules of topics to the posts that are stored.")
@plain_errors
def reclassify_posts() -> None:
    """Apply the present rules of topics to the texts that are stored, and say how many posts changed."""
    from sql.engine import connect
    from streams.social.stored import reclassify

    with connect(autocommit=True) as connection:
        looked_at, changed = reclassify(connection)
    click.echo(f"{looked_at:,} posts read again, {changed:,} of them changed")


@click.command(name="forget-posts", short_help="Forget the texts of posts that are older than SOCIAL_TEXT_DAYS.")
@plain_errors
def forget_posts() -> None:
    """Forget the texts of posts that came more than SOCIAL_TEXT_DAYS ago, as `python -m sql retain` does too; topics and counts stay."""
    from sql.engine import engine
    from sql.retention import forget_texts

    days = settings().social_text_days
    with engine().begin() as connection:
        forgotten = forget_texts(connection, before=datetime.now(UTC) - timedelta(days=days))
    click.echo(f"the texts of {forgotten:,} posts forgotten that came more than {days} days ago")
