"""The settings that say who signs in where, and which role the provider's groups stand for. It asks no provider."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

SIGN_IN_ROLES = ("viewer", "supervisor", "emergency", "planner", "director", "admin")
OPEN_TO_ALL = "everyone who reaches this address may see and change everything"


def role_groups(words: str) -> dict[str, frozenset[str]]:
    """The groups of the provider that stand for a role, by role.

    Raises:
        ValueError: it is not ROLE=GROUP, GROUP; ROLE=GROUP, or a role is unknown or stands twice.
    """
    found: dict[str, frozenset[str]] = {}
    for part in filter(str.strip, words.split(";")):
        role, sign, groups = part.partition("=")
        named = frozenset(filter(None, map(str.strip, groups.split(","))))
        if role.strip() not in SIGN_IN_ROLES or not sign or not named or role.strip() in found:
            known = ", ".join(SIGN_IN_ROLES)
            raise ValueError(f"{part.strip()!r} is not ROLE=GROUP, GROUP with a role of {known}, each once; parted by semicolons")
        found[role.strip()] = named
    return found


def _roles(words: str) -> str:
    role_groups(words)
    return words


def _public_url(url: str) -> str:
    if url and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+/?", url):
        raise ValueError("use https://HOST or https://HOST:PORT, without a path")
    return url.rstrip("/")


def _provider(url: str) -> str:
    if url and not re.match(r"https://|http://(127\.0\.0\.1|localhost)(:\d+)?/", url):
        raise ValueError("use https://…/.well-known/openid-configuration; http only for 127.0.0.1")
    return url


class SignInSettings(BaseSettings):
    """Part of `sql.settings.Settings`; `dashboard.access.sign_in` says which of them go together."""

    public_url: Annotated[str, AfterValidator(_public_url)] = Field(
        "", description="Where browsers reach the dashboard, such as `https://311.example.gov`; sign-in leads back there."
    )
    sign_in_metadata_url: Annotated[str, AfterValidator(_provider)] = Field(
        "",
        description="The OpenID provider's description of itself, `https://…/.well-known/openid-configuration`. "
        "Unset: nobody signs in, and only this machine is served.",
    )
    sign_in_client_id: str = Field("", max_length=300, description="What the provider calls this dashboard.")
    sign_in_client_secret: str | None = Field(None, description="The secret that the provider gave for it.", repr=False)
    sign_in_cookie_secret: str | None = Field(
        None,
        min_length=32,
        description="Signs the cookies of those who signed in: at least 32 characters, the same for every dashboard process. "
        "With another one everybody signs in anew.",
        repr=False,
    )
    sign_in_roles: Annotated[str, AfterValidator(_roles)] = Field(
        "",
        description="Which of the provider's groups stand for which role: `ROLE=GROUP, GROUP; ROLE=GROUP`. Roles are viewer, supervisor, "
        "emergency, planner, director, admin; `viewer=*` is everybody who can sign in.",
    )
    sign_in_roles_claim: str = Field(
        "groups",
        min_length=1,
        max_length=100,
        description="The claim with a person's groups; dots lead into it, such as `realm_access.roles`.",
    )
    sign_in_hours: float = Field(12, gt=0, le=720, description="For how many hours a sign-in holds; then the provider is asked again.")
    without_sign_in: Literal["", "everyone who reaches this address may see and change everything"] = Field(
        "", description=f"To serve others than this machine without sign-in, write: `{OPEN_TO_ALL}`."
    )
