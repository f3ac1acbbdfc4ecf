"""The words of a post that comes as HTML, as Mastodon sends it. What it gives is text and nothing else: no markup, script or style."""

import re
from html.parser import HTMLParser

_BREAKS = {"br": "\n", "p": "\n\n", "div": "\n", "li": "\n", "blockquote": "\n"}
_UNSEEN = frozenset(("script", "style", "template", "head"))
_BLANKS, _EMPTY_LINES = re.compile(r"[ \t\r\f\v]+"), re.compile(r"\s*\n\s*\n\s*")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """`<![…`, which HTML has not: read over like a comment, where the parser would give up on what it does not know."""
        return self.parse_bogus_comment(i)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BREAKS and self.parts:
            self.parts.append(_BREAKS[tag])

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag in _BREAKS and self.parts:
            self.parts.append(_BREAKS[tag])

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN and self._unseen:
            self._unseen -= 1

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(_BLANKS.sub(" ", data.replace("\n", " ")))


def text_of(content: str) -> str:
    """The text of HTML; what is broken in it gives as much text as can be read."""
    reader = _Words()
    reader.feed(content)
    reader.close()
    joined = "".join(reader.parts)
    return "\n".join(line.strip() for line in _EMPTY_LINES.sub("\n\n", joined).strip().split("\n"))
