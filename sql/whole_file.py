"""Writes a file: the whole of it or nothing, and for this account's eyes alone unless told otherwise."""

import os
import tempfile
from pathlib import Path


def write_whole(file: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file; a reader sees what was there before or all of the new one, never half of it.

    Args:
        file: in a folder that is there.
        content: all of it.
        mode: who may read and write it.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(name).chmod(mode)
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
