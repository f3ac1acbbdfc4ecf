"""The paragraphs of `docs/runbook.md`: which anchors a rule may name."""

import re
from pathlib import Path

from sql.settings import PROJECT

RUNBOOK = PROJECT / "docs" / "runbook.md"


def anchors(path: Path = RUNBOOK) -> list[str]:
    """The anchors of the paragraphs (`## …`) in order, as GitHub makes them; none where the file is not there."""
    if not path.is_file():
        return []
    headings = re.findall(r"^## +(.+?)\s*$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
