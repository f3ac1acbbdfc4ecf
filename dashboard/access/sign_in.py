"""Sign-in by OpenID Connect: what the settings say of it, Streamlit's part of it, and who a signed cookie stands for.

Streamlit's own routes talk with the provider and write the cookie. Here it is only read, and believed for SIGN_IN_HOURS.
"""

import json
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from streamlit.auth_util import encode_provider_token, get_cookie_with_chunks
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dashboard.access.roles import ROLES, Role
from dashboard.access.visitor import Visitor
from sql.settings import InvalidSetting, Settings, settings
from sql.sign_in_settings import role_groups

CALLBACK, LOGIN, LOGOUT = "/oauth2callback", "/auth/login", "/auth/logout"
PROVIDER = "default"  # what Streamlit calls the only one
LONGEST_NAME = 60  # characters, of a name for the record
NEEDED = ("public_url", "sign_in_metadata_url", "sign_in_client_id", "sign_in_client_secret", "sign_in_cookie_secret", "sign_in_roles")


def is_on(chosen: Settings | None = None) -> bool:
    """Whether people must sign in.

    Raises:
        InvalidSetting: some of its settings are there and others are missing.
    """
    chosen = chosen or settings()
    there = [name for name in NEEDED if getattr(chosen, name)]
    if not [name for name in there if name != "public_url"]:
        return False
    missing = [name.upper() for name in NEEDED if name not in there]
    if missing:
        raise InvalidSetting(f"{', '.join(missing)}: missing, and sign-in needs it. Set it in the environment or in .env.")
    return True


def check(address: str) -> None:
    """Refuse to serve others without sign-in, unless a setting says so in words.

    Raises:
        InvalidSetting: the address is not this machine's own, and sign-in is off.
    """
    chosen = settings()
    if is_on(chosen) or chosen.without_sign_in or is_loopback(address):
        return
    raise InvalidSetting(
        f"{address} can be reached by others, and sign-in is off: set SIGN_IN_METADATA_URL and what belongs to it (docs/access.md), "
        "or listen on 127.0.0.1, or set WITHOUT_SIGN_IN to the words that the README gives."
    )


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own, and nobody else's."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def streamlit_secrets() -> dict[str, Any]:
    """What Streamlit's sign-in is told; nothing while it is off."""
    chosen = settings()
    if not is_on(chosen):
        return {}
    return {
        "auth": {
            "redirect_uri": origin() + CALLBACK,
            "cookie_secret": chosen.sign_in_cookie_secret or "",
            "client_id": chosen.sign_in_client_id,
            "client_secret": chosen.sign_in_client_secret or "",
            "server_metadata_url": chosen.sign_in_metadata_url,
        }
    }


def origin() -> str:
    """PUBLIC_URL as a browser writes an origin."""
    parts = urlsplit(settings().public_url)
    return f"{parts.scheme}://{parts.netloc}"


def is_secure() -> bool:
    """Whether browsers reach us by TLS: cookies are then never sent without it."""
    return settings().public_url.startswith("https://")


def login_address() -> str:
    """Where a browser goes to sign in; good for two minutes."""
    return f"{LOGIN}?provider={encode_provider_token(PROVIDER)}"


def person(cookies: Mapping[str, str], now: float) -> Visitor | None:
    """Who a browser's cookies stand for; None: nobody, or not any more.

    Args:
        cookies: name to value, as they came.
        now: seconds since 1970.
    """
    signed = cookies.get(USER_COOKIE_NAME)
    if not signed:
        return None
    lasts = settings().sign_in_hours * 3600
    ends: list[float] = []

    def one(name: str) -> bytes | None:
        try:
            value, made_at = _serializer(name).loads(cookies.get(name, ""), return_timestamp=True)
        except BadData:
            return None
        ends.append(made_at.timestamp() + lasts)
        return str(value).encode()

    try:
        claims = json.loads(get_cookie_with_chunks(one, USER_COOKIE_NAME) or b"")
    except ValueError:
        return None
    if not isinstance(claims, dict) or claims.get("is_logged_in") is not True or claims.get("origin") != origin() or min(ends) <= now:
        return None
    return Visitor("person", name_of(claims), roles_of(claims), min(ends))


def _serializer(name: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().sign_in_cookie_secret or "", salt=name)


def name_of(claims: Mapping[str, Any]) -> str:
    """What a person is called in the record: the name and the e-mail address, or what there is of them."""
    told = [" ".join(str(claims[key]).split()) for key in ("name", "email", "sub") if claims.get(key)]
    name, *rest = told or ["?"]
    both = f"{name} ({rest[0]})" if rest else name
    return both if len(both) <= LONGEST_NAME else (rest[0] if rest else name)[:LONGEST_NAME]


def roles_of(claims: Mapping[str, Any]) -> frozenset[Role]:
    """The roles that the provider's groups stand for, by SIGN_IN_ROLES."""
    groups = _groups(claims) | {"*"}
    return frozenset(role for role in ROLES if _wanted(settings().sign_in_roles).get(role, frozenset()) & groups)


@cache
def _wanted(words: str) -> dict[str, frozenset[str]]:
    return role_groups(words)


def _groups(claims: Mapping[str, Any]) -> frozenset[str]:
    """The claim SIGN_IN_ROLES_CLAIM, whose name may lead into it by dots; a list, or words with commas or blanks between."""
    path = settings().sign_in_roles_claim
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for step in path.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset(found.replace(",", " ").split()) | {found}
    return frozenset(str(one) for one in found) if isinstance(found, list) else frozenset()
