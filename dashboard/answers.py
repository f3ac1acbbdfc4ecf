"""Answers to the named queries for the pages that people ask things of (map, departments, weekly review), kept for a while for all readers.

Walls do not come here: they show the loader's snapshot. A page asks within a fragment, so that a database that is away is a sentence on it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import data
from sql.queries import frame

KEPT_SECONDS = 30.0
MOST_KEPT = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """What the database said, and when it was asked."""

    frame: pd.DataFrame
    at: datetime


def ask(name: str, **params: Any) -> Answer:
    """The answer to a named query; one that is younger than half a minute is given again.

    Args:
        name: as in `sql.queries.names()`.
        params: the query's parameters.

    Returns:
        The frame as `sql.queries.frame` gives it. It is the reader's own copy.

    Raises:
        NoAnswer: the database is away, or it answered with an error; the message is one sentence for the screen.
    """
    return _kept(name, tuple(sorted(params.items())))


@st.cache_data(ttl=KEPT_SECONDS, max_entries=MOST_KEPT, show_spinner=False)
def _kept(name: str, params: tuple[tuple[str, Any], ...]) -> Answer:
    at = data.now()
    return Answer(data.ask(lambda connection: frame(name, connection, **dict(params))), at)
