"""A form of the Incident Command System as numbered blocks, for a template and as plain text; what is not known is to fill in. Pure."""

import textwrap
from dataclasses import dataclass
from typing import Any

from dashboard import paper_text
from dashboard.paper_blocks import TO_FILL_IN, Section, clipped, section_data

WHOLE = 12  # a line of blocks
LONGEST_HEAD = 70  # letters of the incident at the top of a page


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a form: its number and name, its lines, tables in it, and its share of a line, of 12."""

    number: int
    name: str
    lines: tuple[str, ...] = (TO_FILL_IN,)
    span: int = WHOLE
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A form with its blocks in order; `footer` says where its figures come from."""

    number: str
    title: str
    incident: str
    blocks: tuple[Block, ...]
    footer: str


def form_data(form: Form) -> dict[str, Any]:
    """A form as a template reads it."""
    return {
        "number": form.number,
        "title": form.title,
        "incident": clipped(form.incident, LONGEST_HEAD),
        "footer": form.footer,
        "blocks": [
            {
                "number": one.number,
                "name": one.name,
                "span": one.span,
                "lines": list(one.lines),
                "sections": [section_data(section) for section in one.sections],
            }
            for one in form.blocks
        ],
    }


def text(form: Form) -> str:
    """A form as plain text, no line wider than 78 columns."""
    lines = [f"{form.number} {form.title}".upper(), ""]
    for one in form.blocks:
        lines += textwrap.wrap(f"{one.number}. {one.name}", paper_text.WIDTH)
        for words in one.lines:
            lines += textwrap.wrap(words, paper_text.WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
        for section in one.sections:
            lines += ["", *paper_text.section(section)]
        lines.append("")
    lines += textwrap.wrap(form.footer, paper_text.WIDTH)
    return "\n".join(line.rstrip() for line in lines) + "\n"
