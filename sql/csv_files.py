"""Reads a CSV file as other systems export them: UTF-8, plain or gzip, a header and rows. What the columns mean, its callers know."""

import csv
import gzip
import zlib
from pathlib import Path
from typing import NamedTuple

from sql.reference import InvalidFile

GZIP_MAGIC = b"\x1f\x8b"


class Row(NamedTuple):
    """A row of the file, and the line in which it ends."""

    line: int
    fields: dict[str, str]


def table(path: Path) -> tuple[list[str], list[Row]]:
    """The headers and the rows of a file, without blanks around them; blank lines are read over.

    Raises:
        InvalidFile: it cannot be read, is no text or no CSV, or a row has more or fewer columns than the header.
    """
    try:
        with path.open("rb") as opened:
            packed = opened.read(2) == GZIP_MAGIC
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") if packed else path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            headers = [header.strip() for header in next(reader, [])]
            rows: list[Row] = []
            for fields in reader:
                if not "".join(fields).strip():
                    continue
                if len(fields) != len(headers):
                    raise InvalidFile(f"{path}, line {reader.line_num}: {len(fields)} columns, and the header has {len(headers)}")
                rows.append(Row(reader.line_num, {header: field.strip() for header, field in zip(headers, fields, strict=True)}))
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidFile(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except UnicodeDecodeError:
        raise InvalidFile(f"{path} is no text in UTF-8: save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise InvalidFile(f"{path} is no CSV: {error}") from None
    return headers, rows
