"""A frame as CSV that a spreadsheet opens as it is meant: texts stay texts, whatever they begin with. Pure."""

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take the rest for a formula


def text(frame: pd.DataFrame) -> str:
    """The CSV of a frame, without its index: instants in ISO 8601, a text that looks like a formula with an apostrophe before it."""
    guarded = frame.apply(lambda column: column.map(_guarded) if column.dtype.kind not in "biufcmM" else column)
    guarded.columns = pd.Index([_guarded(str(name)) for name in frame.columns])
    written: str = guarded.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S%z")
    return written


def _guarded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
