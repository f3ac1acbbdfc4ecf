"""The visitor of whatever runs now: a page's script, a request, or a command of the console. It asks no provider and no database."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.access import displays, sign_in
from dashboard.access.roles import ACTIONS, named
from dashboard.access.visitor import AT_THIS_MACHINE, Visitor

_present: ContextVar[Visitor | None] = ContextVar("visitor", default=None)
NAME = "visitor_name"  # typed while sign-in is off; proposed again in the next form


def visitor_of(cookies: Mapping[str, str]) -> Visitor | None:
    """Who a browser's cookies stand for now; None: nobody."""
    if not sign_in.is_on():
        return AT_THIS_MACHINE
    now = time.time()
    return sign_in.person(cookies, now) or displays.visitor(cookies, now)


def still_holds(visitor: Visitor) -> bool:
    """Whether a visitor of a moment ago is one still."""
    return displays.still_holds(visitor, time.time())


def be(visitor: Visitor) -> None:
    """Say who the request is from that this context answers; a command of the console is from this machine."""
    _present.set(visitor)


def present() -> Visitor | None:
    """Who asks; None: nobody that is known, or not any more."""
    if (asked := _present.get()) is not None:
        return asked
    if get_script_run_ctx(suppress_warning=True) is None:
        return None if sign_in.is_on() else AT_THIS_MACHINE
    return visitor_of(st.context.cookies)


def may_do(action: str) -> bool:
    """Whether who asks may make a change."""
    visitor = present()
    return visitor is not None and visitor.may_do(action)


def refusal(action: str) -> str:
    """Why a form is not there, in one sentence."""
    return f"Your roles do not include this; it is for: {named(ACTIONS[action])}."


def who_box(key: str, longest: int, box: Any = st, label: str = "Your name, for the record") -> str:
    """Who makes a change: the name that was signed in with; only while sign-in is off it is asked for.

    Args:
        key: of the form.
        longest: characters.
        box: where in the form.
        label: of the question.
    """
    visitor = present()
    if visitor is not None and visitor.kind == "person":
        box.text(f"For the record: {visitor.name}")
        return visitor.name
    typed: str = box.text_input(label, st.session_state.get(NAME, ""), max_chars=longest, key=f"{key}_who")
    return typed


def who_asks(otherwise: str) -> str:
    """The name that was signed in with, or what stands for it while sign-in is off."""
    visitor = present()
    return visitor.name if visitor is not None and visitor.name else otherwise


def remember(who: str) -> None:
    """Propose a name again in the next form."""
    st.session_state[NAME] = who
