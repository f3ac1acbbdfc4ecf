"""One line instead of a traceback, for everything that a person can put right. It never hides a defect of ours."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from sql.engine import DatabaseUnavailable, first_line
from sql.settings import InvalidSetting

INTERRUPTED = 130


class Refused(Exception):
    """What was given cannot be used, or cannot be done: the message is one line that says what, the value, and what to do."""


def plain_errors(command: Callable[..., None]) -> Callable[..., None]:
    """End a command with exit status 1 and one line where it raised `Refused` or the database or a file is not there."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        import psycopg
        from sqlalchemy.exc import SQLAlchemyError

        try:
            command(*args, **kwargs)
        except (Refused, DatabaseUnavailable, InvalidSetting) as error:
            raise click.ClickException(str(error)) from None
        except (psycopg.Error, SQLAlchemyError) as error:
            raise click.ClickException(first_line(error)) from None
        except BrokenPipeError:
            sys.stderr.close()  # whoever read the output has gone: there is nobody to tell
            raise SystemExit(1) from None
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'a file'}: {error.strerror or error}.") from None
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None

    return wrapped
