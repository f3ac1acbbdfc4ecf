"""From words and numbers to pages of US Letter: Typst lays them out, vl-convert draws the charts. It knows no report and no network.

Every word is handed to a template as data, never as markup. The same data and instant give the same bytes.
"""

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst
import vl_convert

HERE = Path(__file__).resolve().parent / "report"
FONTS = HERE / "fonts"
PICTURE_PPI = 110.0
_PAGES = re.compile(rb"/Type\s*/Pages\s*/Count\s+(\d+)")
Data = dict[str, Any]


def pdf(template: str, data: Data, at: datetime) -> bytes:
    """A template filled with data, as a PDF.

    Args:
        template: a file beside the fonts.
        data: what the template reads as `sys.inputs.data`.
        at: the file's date.
    """
    made = _compile(template, data, at, "pdf", None)
    return made if isinstance(made, bytes) else made[0]


def pictures(template: str, data: Data, at: datetime, ppi: float = PICTURE_PPI) -> list[bytes]:
    """Each page as a PNG, to look at."""
    made = _compile(template, data, at, "png", ppi)
    return made if isinstance(made, list) else [made]


def page_count(made: bytes) -> int:
    """How many pages a PDF of ours has.

    Raises:
        ValueError: it is none of ours.
    """
    found = _PAGES.search(made)
    if found is None:
        raise ValueError("this PDF does not say how many pages it has: it was not made here")
    return int(found[1])


def svg(spec: Data) -> str:
    """A chart in our own type."""
    _with_our_font()
    drawn: str = vl_convert.vegalite_to_svg(spec)
    return drawn


def _compile(template: str, data: Data, at: datetime, shape: Literal["pdf", "png"], ppi: float | None) -> bytes | list[bytes]:
    made = typst.compile(
        str(HERE / template),
        format=shape,
        ppi=ppi,
        font_paths=[str(FONTS)],
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=int(at.timestamp()),
    )
    if made is None:
        raise RuntimeError("typst made nothing")
    return made


@cache
def _with_our_font() -> None:
    vl_convert.register_font_directory(str(FONTS))
