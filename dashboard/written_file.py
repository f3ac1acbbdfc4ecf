"""Writes a file that a command was asked for: the whole of it or nothing. It never leaves half a file under the name that was given."""

import os
from pathlib import Path

import click

from sql.whole_file import write_whole


def write(output: Path, made: bytes) -> None:
    """Write the whole file or nothing: it comes under its name only when it is complete.

    Raises:
        click.ClickException: the file cannot be written; the message says why.
    """
    umask = os.umask(0)
    os.umask(umask)
    try:
        write_whole(output, made, mode=0o666 & ~umask)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written ({error.strerror}): name another file with --output.") from None
