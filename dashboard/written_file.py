"""Writes a file that a command was asked for: the whole of it or nothing. It never leaves half a file under the name that was given."""

import os
import tempfile
from pathlib import Path

import click


def write(output: Path, made: bytes) -> None:
    """Write the whole file or nothing: it comes under its name only when it is complete.

    Raises:
        click.ClickException: the file cannot be written; the message says why.
    """
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(made)
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(0o666 & ~umask)
            Path(name).replace(output)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written ({error.strerror}): name another file with --output.") from None
