"""What a PDF of ours says, page by page, read back from its own bytes."""

import io

from pypdf import PdfReader


def pages(made: bytes) -> list[str]:
    """The text of each page, without the places at which a long word may be parted."""
    return [page.extract_text().replace("\N{ZERO WIDTH SPACE}", "") for page in PdfReader(io.BytesIO(made)).pages]


def words(made: bytes) -> str:
    """All pages in one line, words parted by one space."""
    return " ".join(" ".join(pages(made)).split())
