"""Parts what a GeoReport server answers, JSON or XML, into its records: one JSON object each. It reads no field of them. No I/O."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

WRAPPERS = ("service_requests", "requests", "service_request", "request", "errors")


class NoPage(Exception):
    """The bytes are no answer of a GeoReport server; the message says what they are."""


def parted(page: bytes) -> list[bytes]:
    """The records of one page, as JSON objects; a member of a list that is no object comes as it is.

    Args:
        page: a JSON list, a JSON object that holds one, one record, or XML: `<service_requests><request>…`.

    Raises:
        NoPage: it is neither.
    """
    start = page.lstrip(b"\xef\xbb\xbf \t\r\n")
    return _of_xml(page) if start.startswith(b"<") else _of_json(start)


def _of_json(page: bytes) -> list[bytes]:
    try:
        members = msgspec.json.decode(page, type=list[msgspec.Raw])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _of_object(page)
    return [bytes(member) for member in members]


def _of_object(page: bytes) -> list[bytes]:
    try:
        members = msgspec.json.decode(page, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise NoPage(f"neither a JSON list nor an object: {error}") from None
    for name in WRAPPERS:
        if name in members and bytes(members[name]).lstrip()[:1] in (b"[", b"{"):
            return _of_json(bytes(members[name]))
    return [page]


def _of_xml(page: bytes) -> list[bytes]:
    try:
        root: Element = fromstring(page, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NoPage(f"not XML: {error or type(error).__name__}") from None
    if _name(root) == "html":
        raise NoPage("a web page")
    if len(root) == 0 and _name(root) not in WRAPPERS:
        raise NoPage(f"XML without requests, <{_name(root)[:40]}>")
    requests = [root] if _name(root) == "request" else list(root)
    return [msgspec.json.encode({_name(member): _value(member) for member in request}) for request in requests]


def _value(element: Element) -> Any:
    """The text of an element; of one with others inside, what they say. Deeper ones are extended attributes, which nobody reads."""
    if len(element) == 0:
        return element.text
    return [text.strip() for text in element.itertext() if text.strip()]


def _name(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
