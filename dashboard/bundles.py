"""The components' scripts and styles: each kind's are one file that is served by address, so that no refresh of a page sends them again.

Streamlit sends a component's script with every drawing of it, some 20 kB a part. What it sends from here is a loader of a few lines, which
asks for the file by a name that changes with its contents; a browser keeps it for good.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

HERE = Path(__file__).resolve().parent / "components"
PATH = "/api/components/{name}.js"
KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}
DIGITS = 16

Kind = Literal[
    "ahead",
    "approved",
    "board",
    "display",
    "heading",
    "heat",
    "languages",
    "legend",
    "lifelines",
    "log",
    "people",
    "pulse",
    "queues",
    "shifts",
    "signed",
    "stormclock",
    "strip",
    "table",
    "tile",
]

# The file may be out of reach while a server is started anew: a wall waits for it rather than show an error until somebody comes.
LOADER = """
const ADDRESS = location.origin + "%s", AGAIN_MILLISECONDS = 1000
let made = null
for (let tries = 0; !made; tries++) {
  if (tries) await new Promise((go) => setTimeout(go, AGAIN_MILLISECONDS))
  made = await import(ADDRESS + (tries ? "?again=" + tries : "")).catch(() => null)
}
export default made.default
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What the browser runs for a kind, and where it gets that."""

    script: bytes
    address: str


@cache
def bundle(kind: Kind) -> Bundle:
    """The script and the style of a kind, with what all kinds share, as one file."""
    styles = json.dumps(_source("common.css") + _source(f"{kind}.css"))
    script = f"const STYLES = {styles}\n{_source('common.js')}{_source(f'{kind}.js')}".encode()
    return Bundle(script, PATH.format(name=f"{kind}.{hashlib.sha256(script).hexdigest()[:DIGITS]}"))


@cache
def component(kind: Kind) -> Any:
    """The component of a kind; it is registered once."""
    return st.components.v2.component(f"city311_{kind}", html='<div class="mount"></div>', js=LOADER % bundle(kind).address)


def _source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


async def serve(request: Request) -> Response:
    """The file of a kind; that of another version of the software is not here."""
    kind = next((one for one in get_args(Kind) if request.url.path == bundle(one).address), None)
    if kind is None:
        return PlainTextResponse("There is no such component in this version.", status_code=404, headers={"Cache-Control": "no-store"})
    return Response(bundle(kind).script, media_type="text/javascript", headers=KEPT)
