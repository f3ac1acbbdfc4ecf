"""Reads TOML as people write it: whatever is wrong with it is one `tomllib.TOMLDecodeError`. What the entries mean, its callers know."""

import tomllib
from typing import Any

MOST_BITS = 10_000  # of a whole number: beyond a little more it could not even be shown


def parsed(text: str) -> dict[str, Any]:
    """The contents of a text.

    Raises:
        tomllib.TOMLDecodeError: it is no TOML, is nested too deep, or has a whole number of thousands of digits.
    """
    try:
        found = tomllib.loads(text)
        too_large = _has_too_large(found)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("it is nested too deep") from None
    except ValueError:  # of a whole number that is longer than Python reads
        too_large = True
    if too_large:
        raise tomllib.TOMLDecodeError("a whole number in it has thousands of digits")
    return found


def _has_too_large(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_too_large, value.values()))
    if isinstance(value, list):
        return any(map(_has_too_large, value))
    return isinstance(value, int) and value.bit_length() > MOST_BITS
