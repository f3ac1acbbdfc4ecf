"""Reads the records of a file, plain or gzip: numbered lines, or numbered documents however they are laid out.

It understands none of them.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

LONGEST_LINE_BYTES = 1_000_000
LARGEST_DOCUMENT_BYTES = 256 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"

Numbered = tuple[int, bytes]


class UnreadableFile(Exception):
    """A file cannot be read; the message names it and says why."""


def open_file(path: Path) -> BinaryIO:
    """The file's bytes, unpacked if it is gzip (by its first bytes, not by its name).

    Raises:
        UnreadableFile: it is not there, no file, not permitted, or called .gz and not gzip.
    """
    try:
        if path.is_dir():
            raise UnreadableFile(f"{path} is a folder: name a file in it.")
        with path.open("rb") as start:
            packed = start.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        if not packed and path.suffix == ".gz" and path.stat().st_size:
            raise UnreadableFile(f"{path} is called .gz and is not gzip: give it another name if it is plain text.")
        return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror or error}.") from None


def lines(path: Path) -> Iterator[Numbered]:
    """Lines without their ends, numbered from 1; a line longer than a megabyte comes in pieces of that size.

    Raises:
        UnreadableFile: see `open_file`; or what is packed is damaged.
    """
    number = 0
    with open_file(path) as opened:
        while True:
            try:
                line = opened.readline(LONGEST_LINE_BYTES)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise UnreadableFile(f"{path} is damaged after line {number:,}: {error}.") from None
            except OSError as error:
                raise UnreadableFile(f"{path} cannot be read after line {number:,}: {error.strerror or error}.") from None
            if not line:
                return
            number += 1
            yield number, line.rstrip(b"\r\n")


def documents(path: Path, *, xml: bool = False) -> Iterator[Numbered]:
    """JSON documents, numbered from 1: a line each, or the members of one list, or one after another with blanks or nothing between.

    With `xml` a file that begins with `<` is one document. What cannot be parted into documents comes line by line, for whoever
    reads them to refuse.

    Raises:
        UnreadableFile: see `lines`.
    """
    first = next((line for _, line in lines(path) if line.strip()), b"")
    if xml and first.removeprefix(UTF8_BOM).lstrip().startswith(b"<"):
        yield 1, _whole(path)
        return
    if _is_one_object(first):
        yield from lines(path)
        return
    parted = _parted(_whole(path)) if first.lstrip()[:1] in (b"{", b"[") else None
    if parted is None:
        yield from lines(path)
    else:
        yield from enumerate(parted, start=1)


def _is_one_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False


def _whole(path: Path) -> bytes:
    try:
        with open_file(path) as opened:
            whole = opened.read(LARGEST_DOCUMENT_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFile(f"{path} is damaged: {error}.") from None
    if len(whole) > LARGEST_DOCUMENT_BYTES:
        raise UnreadableFile(f"{path} holds one document of more than {LARGEST_DOCUMENT_BYTES // 2**20} MB: write one JSON object a line.")
    return whole


def _parted(whole: bytes) -> list[bytes] | None:
    try:
        return [bytes(member) for member in msgspec.json.decode(whole, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    try:
        return list(_one_after_another(whole.decode()))
    except (ValueError, RecursionError):
        return None


def _one_after_another(text: str) -> Iterator[bytes]:
    decoder, at = json.JSONDecoder(), 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        _, end = decoder.raw_decode(text, at)
        yield text[at:end].encode()
        at = end
