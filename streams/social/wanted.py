"""What is to be followed, from the words of the command line and the settings: a Mastodon server's hashtags, or words on Bluesky."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from sql.settings import Settings
from streams.poll.asking import InvalidAddress, plain_address
from streams.social.authors import Authors, accounts
from streams.social.jetstream import SERVICE, Jetstream, address_of
from streams.social.mastodon import Mastodon
from streams.social.records import Records
from streams.social.statuses import Statuses
from streams.social.words import InvalidPhrase

_TAG = re.compile(r"#?(\w{1,100})")


def mastodon(server: str, tags: Sequence[str], *, streaming: str | None, token: str | None, name: str | None, chosen: Settings) -> Mastodon:
    """Hashtags on a Mastodon server.

    Raises:
        InvalidAddress: an address or a tag cannot be used.
    """
    address = _address(server, "--server")
    host = urlsplit(address).netloc.rpartition("@")[2].casefold()
    source = Statuses(name or f"mastodon/{host}"[:100], Authors.of(chosen), server=host)
    own = [account.rpartition("@")[0].removeprefix("@") for account in accounts(chosen.social_own_accounts) if _is_at(account, host)]
    stream = _address(streaming, "--streaming-url") if streaming else None
    return Mastodon(address, _tags(tags), source, own=own, streaming=stream, token=token)


def bluesky(url: str | None, *, wanted: Sequence[str], tags: Sequence[str], name: str | None, chosen: Settings) -> Jetstream:
    """Words and hashtags on Bluesky.

    Raises:
        InvalidAddress: the address, a word or a tag cannot be used, or there is none.
    """
    if not wanted and not tags:
        raise InvalidAddress("--words or --tags: at least one of them is needed, such as --words 'philly 311,plow*' --tags phillysnow")
    address = address_of(url or SERVICE)
    try:
        source = Records(name or "bluesky/jetstream", Authors.of(chosen), wanted=wanted, tags=_tags(tags) if tags else ())
    except InvalidPhrase as error:
        raise InvalidAddress(f"--words: {error}") from None
    return Jetstream(address, source)


def _address(url: str, option: str) -> str:
    try:
        return plain_address(url, example="https://mastodon.example")
    except InvalidAddress as error:
        raise InvalidAddress(str(error).replace("--url", option, 1)) from None


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    found = [_TAG.fullmatch(tag) for tag in tags]
    for tag, match in zip(tags, found, strict=True):
        if match is None:
            raise InvalidAddress(f"--tags: {tag!r} is no hashtag: letters, digits and _ are expected")
    if not found:
        raise InvalidAddress("--tags: at least one hashtag is needed, such as --tags snow,flooding")
    return tuple(dict.fromkeys(match[1] for match in found if match))


def _is_at(account: str, host: str) -> bool:
    name, _, server = account.removeprefix("@").rpartition("@")
    return bool(name) and server.casefold() == host
