"""A display's theme: its address is completed once, and no other request is touched."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from dashboard.wall_theme import WallTheme
from tests.dashboard.asgi import Client


@pytest.fixture
def client() -> Client:
    routes = [Route(path, lambda request: PlainTextResponse("page")) for path in ("/", "/map")]
    return Client(Starlette(routes=routes, middleware=[Middleware(WallTheme)]))


def test_an_address_is_completed_and_keeps_what_it_holds(client: Client) -> None:
    answer = client.get("/?wall=live%2Cmap&theme=light&queue=a%26b")
    assert (answer.status_code, answer.headers["location"]) == (307, "?wall=live%2Cmap&theme=light&queue=a%26b&embed_options=light_theme")
    assert client.get("/" + answer.headers["location"]).text == "page"


@pytest.mark.parametrize("address", ["/", "/?theme=dark", "/?wall=live", "/?wall=live&theme=pink", "/map?wall=live&theme=dark"])
def test_every_other_request_passes(client: Client, address: str) -> None:
    assert client.get(address).text == "page"
