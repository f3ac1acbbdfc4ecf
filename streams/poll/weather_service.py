"""How the National Weather Service is asked, whatever is asked of it: https://www.weather.gov/documentation/services-web-api."""

import logging
import random
import threading

from sql.settings import settings
from streams.poll.asking import Server, plain_address
from streams.sources import Unreadable
from streams.sources.open311 import document

log = logging.getLogger(__name__)

SERVICE = "https://api.weather.gov"
NOT_MODIFIED = 304


def weather_service(url: str, stop: threading.Event) -> Server:
    """The service, or one that speaks like it, asked in the operator's name.

    Args:
        url: its address.
        stop: ends a pause.

    Raises:
        InvalidAddress: the address cannot be used.
    """
    contact = settings().operator_contact.strip()
    if not contact and url == SERVICE:
        log.warning("OPERATOR_CONTACT is not set: %s asks every program to tell whom it can write to, and may refuse others.", SERVICE)
    agent = f"city311 ({contact})" if contact else "city311"
    return Server(plain_address(url, example=SERVICE), pause=stop.wait, dice=random.Random(), user_agent=agent)


def problem(body: bytes) -> str:
    """What the service complains of, in its own words (RFC 7807), after a colon; empty where it says nothing."""
    try:
        told = document(body)
    except Unreadable:
        return ""
    words = told.get("detail") or told.get("title")
    return f": {' '.join(words.split())[:200].removesuffix('.')}" if isinstance(words, str) else ""
