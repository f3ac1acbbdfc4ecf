"""The log of the dashboard's server: Streamlit's and Uvicorn's messages go the way of all others. It changes no level of theirs."""

import logging

import streamlit.logger
import uvicorn.config

from sql import logs
from sql.telemetry import PROCESS_INFO

STREAMLITS_HANDLER = "streamlit_console_handler"


def configure() -> None:
    """Set up the log of this process; called before the server is made.

    Raises:
        InvalidSetting: a setting cannot be used.
    """
    logs.configure("dashboard")
    PROCESS_INFO.labels("dashboard").set(1)
    for said in uvicorn.config.LOGGING_CONFIG["loggers"].values():
        said |= {"handlers": [], "propagate": True}
    streamlit.logger.setup_formatter = _with_all_others
    for logger in streamlit.logger._loggers.values():
        _with_all_others(logger)


def _with_all_others(logger: logging.Logger) -> None:
    """Streamlit gives each of its loggers a handler of its own; take it away, and let the root's write what it says."""
    own = getattr(logger, STREAMLITS_HANDLER, None)
    if own is not None:
        logger.removeHandler(own)
    logger.propagate = True
