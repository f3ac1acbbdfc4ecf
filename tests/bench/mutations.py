"""Bad inputs: random bytes, and valid samples damaged in the ways in which files, feeds and people damage them. No I/O.

The same seed always gives the same inputs, so that a finding can be looked at again.
"""

import gzip
import random
import re
from collections.abc import Callable, Sequence

SHARE_OF_RANDOM_BYTES = 0.15
LONGEST_RANDOM_BYTES = 300
MOST_CHANGES = 4
SELDOM = 0.002  # of what is large, so that a million inputs stay affordable

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\w.:+-]+|[^\w\s]')

# Put in the place of a part of a sample: what JSON, TOML, CSV, XML, and clocks can go wrong with.
NASTY: tuple[bytes, ...] = (
    *(b"null", b"true", b"false", b"[]", b"{}", b'""', b"", b" ", b",", b";", b'"', b"'", b"[[]]", b'{"":""}', b"[null]", b'[["a"]]'),
    *(b"0", b"-0", b"-1", b"1e999", b"-1e999", b"1e308", b"1e-400", b"NaN", b"-Infinity", b"inf", b"nan", b"1_000", b"0x7f", b"1,5"),
    *(b"2147483648", b"-9223372036854775809", b"18446744073709551616", b"9" * 40, b"9" * 400, b"0." + b"3" * 400, b"\xd9\xa1\xd9\xa2"),
    *(b'"0001-01-01T00:00:00Z"', b'"0001-01-01T00:00:00+23:59"', b'"9999-12-31T23:59:59.999999-23:59"', b'"9999-12-31T23:59:60Z"'),
    *(b'"2026-03-08T02:30:00"', b'"2026-11-01T01:30:00"', b'"2026-02-30"', b'"0000-00-00"', b'"24:00"', b'"P9999999D"', b'"PT1H/P1D"'),
    *(b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59", b"9999-12-31", b"0001-01-01", b"12/31/9999 11:59 PM", b"99999999"),
    *(b"-62135596800", b"253402300800", b"253402300799.999999", b"1e18", b"-1e18", b"1764072000000", b"0.0000001"),
    *(
        b'"\\ud800"',
        b'"\\udfff\\ud800"',
        b'"\\u0000"',
        b'"a\\u0000b"',
        b"\x00",
        b"\xed\xa0\x80",
        b"\xff\xfe",
        b"\xc0\x80",
        b"\xf4\x90\x80\x80",
    ),
    *(
        '"\u202eevil\u2066"'.encode(),
        "\u200b\u2028\u0085".encode(),
        "🚧👩‍🚒".encode(),
        "İıſ".encode(),
        "\ufeff".encode(),
        "e\u0301".encode(),
    ),
    *(b"\n", b"\r", b"\r\n", b"\t", b"\x0b\x0c", b"\x1b[31m", b"\x1c\x1d\x1e", b"\\", b"\\N", b"\\.", b"%s%n", b"{0.__class__}", b"$1"),
    *(b"=cmd()", b"<script>", b"&#0;", b"&lol;", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<a>", b"]]>", b"<![CDATA[", b"'; DROP TABLE x; --"),
    *(b"|", b"||||||", b"#", b"data: ", b"event: ", b":", b"[[rule]]", b"[a.b]", b"a.b=1", b"1e5", b"0o7", b"0b1", b"'''", b'"""'),
)
# Seldom, for their size: deep nesting, and long words and numbers.
HUGE: tuple[bytes, ...] = (
    *(b"[" * 3_000, b'{"a":' * 3_000, b"[" * 3_000 + b"]" * 3_000, b"{a=" * 1_500, b"<a>" * 3_000, b"(" * 3_000),
    *(b"9" * 5_000, b"0x" + b"f" * 5_000, b"-" * 5_000, b'"' + b"x" * 150_000 + b'"', b"x" * 150_000, b'"' + b"\\u0000" * 20_000 + b'"'),
    *(b"," * 20_000, b"\n" * 20_000, b"|" * 20_000, b'"' * 20_001, b"a." * 1_500 + b"a = 1", "ﷺ".encode() * 20_000, b"&amp;" * 20_000),
)


class Mutations:
    """Bad inputs made of the samples of one format."""

    def __init__(self, samples: Sequence[bytes], dice: random.Random) -> None:
        """Prepare.

        Args:
            samples: valid inputs, at least one.
            dice: decides everything.
        """
        self._dice = dice
        self._samples = [(sample, [found.span() for found in _TOKEN.finditer(sample)] or [(0, len(sample))]) for sample in samples]
        self._changes: tuple[Callable[[bytes], bytes], ...] = (
            self._bits_flipped,
            self._cut_off,
            self._piece_gone,
            self._piece_again,
            self._spliced,
            self._nasty_inside,
        )

    def next(self) -> bytes:
        """One bad input, which may by chance be a good one."""
        dice = self._dice
        if dice.random() < SHARE_OF_RANDOM_BYTES:
            return dice.randbytes(dice.randrange(LONGEST_RANDOM_BYTES))
        found = self._tokens_changed() if dice.random() < 0.7 else dice.choice(self._samples)[0]
        if dice.random() < 0.4:
            for _ in range(dice.randint(1, MOST_CHANGES)):
                found = dice.choice(self._changes)(found)
        return self._written_otherwise(found) if dice.random() < 0.01 else found

    def _tokens_changed(self) -> bytes:
        """A sample in which whole words, numbers or texts are others, gone, or there again: it often still parses."""
        dice = self._dice
        sample, spans = dice.choice(self._samples)
        for _ in range(dice.randint(1, 2)):
            start, end = spans[dice.randrange(len(spans))]
            kind = dice.random()
            if kind < 0.7:
                put = self._nasty()
            elif kind < 0.85:
                other, others = dice.choice(self._samples)
                first, last = others[dice.randrange(len(others))]
                put = other[first:last]
            else:  # from here to another token: a field gone, or there twice
                other_end = spans[dice.randrange(len(spans))][1]
                start, end = min(start, other_end), max(end, other_end)
                put = sample[start:end] * 2 if kind < 0.93 else b""
            sample = sample[:start] + put + sample[end:]
        return sample

    def _nasty(self) -> bytes:
        return self._dice.choice(HUGE if self._dice.random() < SELDOM else NASTY)

    def _nasty_inside(self, whole: bytes) -> bytes:
        at = self._dice.randint(0, len(whole))
        return whole[:at] + self._nasty() + whole[at:]

    def _bits_flipped(self, whole: bytes) -> bytes:
        changed = bytearray(whole)
        for _ in range(self._dice.randint(1, 3) if changed else 0):
            changed[self._dice.randrange(len(changed))] ^= 1 << self._dice.randrange(8)
        return bytes(changed)

    def _cut_off(self, whole: bytes) -> bytes:
        at = self._dice.randint(0, len(whole))
        return whole[:at] if self._dice.random() < 0.8 else whole[at:]

    def _piece_gone(self, whole: bytes) -> bytes:
        start, end = self._piece(whole)
        return whole[:start] + whole[end:]

    def _piece_again(self, whole: bytes) -> bytes:
        start, end = self._piece(whole)
        return whole[:end] + whole[start:end] + whole[end:]

    def _spliced(self, whole: bytes) -> bytes:
        other = self._dice.choice(self._samples)[0]
        return whole[: self._dice.randint(0, len(whole))] + other[self._dice.randint(0, len(other)) :]

    def _piece(self, whole: bytes) -> tuple[int, int]:
        start = self._dice.randint(0, len(whole))
        return start, min(len(whole), start + self._dice.randint(1, 40))

    def _written_otherwise(self, whole: bytes) -> bytes:
        """The same in another encoding or packing, as it comes out of spreadsheets and mail."""
        text = whole.decode("latin-1")
        return self._dice.choice(
            (
                text.encode("utf-16"),
                text.encode("utf-32-le"),
                b"\xef\xbb\xbf" + whole,
                text.encode("cp037", "replace"),
                gzip.compress(whole, 1),
                gzip.compress(whole, 1)[:-5],
                gzip.compress(whole, 1)[:12] + b"\xff" * 9,
                whole[::-1],
                whole * 2,
                whole.replace(b"\n", b"\r"),
                whole.upper(),
            )
        )
