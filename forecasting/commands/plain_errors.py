"""How the commands of this part end where a person can put something right: with one line."""

from sql.engine import DatabaseUnavailable
from sql.plain_errors import one_line
from sql.reference import InvalidFile
from sql.settings import InvalidSetting


class Refused(Exception):
    """What was given cannot be used, or cannot be done: the message is one line that says what, the value, and what to do."""


plain_errors = one_line(Refused, DatabaseUnavailable, InvalidFile, InvalidSetting)
