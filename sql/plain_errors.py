"""One line instead of a traceback, for everything that a person can put right. It never hides a defect of ours."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
import psycopg
from sqlalchemy.exc import SQLAlchemyError

from sql.engine import first_line

INTERRUPTED = 130

Command = Callable[..., None]


def one_line(*sentences: type[Exception], failures: tuple[type[Exception], ...] = ()) -> Callable[[Command], Command]:
    """A decorator that ends a command with exit status 1 and one line, where it raised what a person can put right; Ctrl-C ends quietly.

    Args:
        *sentences: errors whose message is that line.
        failures: errors of what lies outside, of which the first line is shown; those of the database always are.
    """
    outside: tuple[type[Exception], ...] = (psycopg.Error, SQLAlchemyError, *failures)

    def decorated(command: Command) -> Command:
        @wraps(command)
        def wrapped(*args: Any, **kwargs: Any) -> None:
            try:
                command(*args, **kwargs)
            except sentences as error:
                raise click.ClickException(str(error)) from None
            except outside as error:
                raise click.ClickException(first_line(error)) from None
            except BrokenPipeError:
                sys.stderr.close()  # whoever read the output has gone: there is nobody to tell
                raise SystemExit(1) from None
            except OSError as error:
                raise click.ClickException(f"{error.filename or 'a file'}: {error.strerror or error}.") from None
            except KeyboardInterrupt:
                raise SystemExit(INTERRUPTED) from None

        return wrapped

    return decorated
