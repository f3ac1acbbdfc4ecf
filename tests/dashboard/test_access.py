"""Who may see and do what: the tables, the settings, cookies and tokens, and the gate around an application."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard import desk
from dashboard.access import displays, gate, roles, session, sign_in
from dashboard.access.changes import written
from dashboard.access.roles import ACTIONS, ALL, PAGES, ROLES
from dashboard.access.visitor import AT_THIS_MACHINE, Visitor
from dashboard.data import NoAnswer
from dashboard.loader import loader
from dashboard.rows import Display
from dashboard.writing import NotKept
from sql.settings import PROJECT, InvalidSetting, settings
from sql.sign_in_settings import OPEN_TO_ALL, SIGN_IN_ROLES
from tests.signed_cookies import SECRET, signed

SIGN_IN = {
    "PUBLIC_URL": "https://311.example.gov",
    "SIGN_IN_METADATA_URL": "https://id.example.gov/.well-known/openid-configuration",
    "SIGN_IN_CLIENT_ID": "dashboard",
    "SIGN_IN_CLIENT_SECRET": "given by the provider",
    "SIGN_IN_COOKIE_SECRET": SECRET,
    "SIGN_IN_ROLES": "viewer=staff; supervisor=leads, shift leads; admin=it",
}
HTML = {"accept": "text/html"}


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Sets settings of this process until the test ends."""

    def set_(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield set_
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def signing_in(set_to: Any) -> None:
    """Sign-in is on."""
    set_to(**SIGN_IN)


def cookie(claims: dict[str, Any], secret: str = SECRET, made_at: float | None = None) -> dict[str, str]:
    """What a browser holds after the provider told these claims."""
    full = {"origin": "https://311.example.gov", "is_logged_in": True, "name": "Dana Cole", "email": "dana@example.gov"} | claims
    return {"_streamlit_user": signed(full, secret=secret, made_at=made_at)}


def test_the_settings_know_the_same_roles():
    assert SIGN_IN_ROLES == ROLES


def test_every_page_has_its_roles_and_every_action_too():
    assert set(desk.PAGES) | {"plain", "wall"} == set(PAGES)
    files = list((PROJECT / "dashboard").rglob("*.py"))
    written = {"write-queue-by-hand"} | {name for file in files for name in re.findall(r"\bwritten\(\s*\"([a-z-]+)\"", file.read_text())}
    assert written == set(ACTIONS)
    unasked = {file.name for file in files if re.search(r"(?<![.\w])execute\(", file.read_text())} - {"writing.py", "changes.py"}
    assert unasked == {"by_hand_store.py"}, "its route asks"
    assert {file.stem for file in (PROJECT / "dashboard" / "views").glob("*.py")} - {"wall"} == set(desk.PAGES)


def test_the_documentation_has_the_same_tables():
    said = (PROJECT / "docs" / "access.md").read_text()
    for name, allowed in {**PAGES, **ACTIONS}.items():
        row = next((line for line in said.splitlines() if line.startswith("|") and f"`{name}`" in line), "")
        ticks = [cell.strip() == "yes" for cell in row.strip("|").split("|")[1:]]
        assert dict(zip(ROLES, ticks, strict=True)) == {role: role in allowed for role in ROLES}, name


def test_only_supervisors_see_which_agent_it_is():
    assert [role for role in ROLES if Visitor("person", "x", frozenset({role}), 0).sees_agents] == ["supervisor"]


def test_a_display_sees_the_pages_of_a_wall_and_does_nothing():
    display = Visitor("display", "Lobby", frozenset(), 0, 1)
    assert {page for page in PAGES if display.may_see(page)} == {"live", "emergency", "map", "plain", "wall"}
    assert not any(display.may_do(action) for action in ACTIONS)


@pytest.mark.parametrize("page", ["nowhere", "", "live/", "../live", "write-queue"])
def test_what_is_in_no_table_nobody_may(page: str):
    assert not AT_THIS_MACHINE.may_see(page)
    assert not AT_THIS_MACHINE.may_do(page)


def test_sign_in_is_off_without_its_settings():
    assert not sign_in.is_on()
    assert sign_in.streamlit_secrets() == {}


def test_half_a_sign_in_is_refused_with_what_is_missing(set_to: Any):
    set_to(**{name: SIGN_IN[name] for name in ("PUBLIC_URL", "SIGN_IN_CLIENT_ID", "SIGN_IN_ROLES")})
    with pytest.raises(InvalidSetting, match="SIGN_IN_METADATA_URL, SIGN_IN_CLIENT_SECRET, SIGN_IN_COOKIE_SECRET: missing"):
        sign_in.is_on()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SIGN_IN_ROLES", "boss=it", "'boss=it' is not ROLE=GROUP"),
        ("SIGN_IN_ROLES", "viewer=a; viewer=b", "each once"),
        ("SIGN_IN_ROLES", "viewer", "'viewer' is not ROLE=GROUP"),
        ("SIGN_IN_COOKIE_SECRET", "short", "at least 32 characters"),
        ("PUBLIC_URL", "311.example.gov", "use https://HOST"),
        ("PUBLIC_URL", "https://311.example.gov/path", "without a path"),
        ("SIGN_IN_METADATA_URL", "http://id.example.gov/", "http only for 127.0.0.1"),
        ("SIGN_IN_METADATA_URL", "http://127.0.0.1.example.gov/", "http only for 127.0.0.1"),
        ("SIGN_IN_HOURS", "0", "greater than 0"),
        ("WITHOUT_SIGN_IN", "yes", "everyone who reaches this address"),
    ],
)
def test_a_wrong_setting_says_what_is_right(set_to: Any, name: str, value: str, told: str):
    set_to(**{name: value})
    with pytest.raises(InvalidSetting, match=re.escape(told)) as failed:
        settings()
    assert name in str(failed.value)
    assert "SECRET" not in name or value not in str(failed.value)


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8"])
def test_this_machine_is_served_without_sign_in(address: str):
    sign_in.check(address)


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "192.0.2.7", "wall.example.gov", "127.0.0.1.example.gov", "localhost.example.gov", ""]
)
def test_others_are_not(address: str):
    with pytest.raises(InvalidSetting, match="sign-in is off"):
        sign_in.check(address)


def test_unless_a_setting_says_so_in_words(set_to: Any):
    set_to(WITHOUT_SIGN_IN=OPEN_TO_ALL)
    sign_in.check("0.0.0.0")


@pytest.mark.usefixtures("signing_in")
def test_others_are_served_with_sign_in():
    sign_in.check("0.0.0.0")


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Dana Cole", "email": "dana@example.gov"}, "Dana Cole (dana@example.gov)"),
        ({"email": "dana@example.gov", "sub": "7"}, "dana@example.gov (7)"),
        ({"name": "D" * 70, "email": "dana@example.gov"}, "dana@example.gov"),
        ({"name": "Dana\n\x1b[31mCole"}, "Dana \x1b[31mCole"),
        ({"sub": "8f14e45f"}, "8f14e45f"),
        ({}, "?"),
    ],
)
def test_a_person_is_called_by_name_and_address(claims: dict[str, Any], name: str):
    assert sign_in.name_of(claims) == name


@pytest.mark.usefixtures("signing_in")
@pytest.mark.parametrize(
    ("groups", "found"),
    [
        (["staff", "others"], {"viewer"}),
        (["shift leads", "it"], {"supervisor", "admin"}),
        ("staff,it", {"viewer", "admin"}),
        ("shift leads", {"supervisor"}),
        ([], set()),
        (None, set()),
        (["Staff", "staff "], set()),
        ({"staff": True}, set()),
        (["*"], set()),
    ],
)
def test_groups_stand_for_roles(groups: Any, found: set[str]):
    assert sign_in.roles_of({"groups": groups}) == found


def test_a_claim_may_lie_deeper_and_everybody_may_be_a_viewer(set_to: Any):
    set_to(**SIGN_IN | {"SIGN_IN_ROLES": "viewer=*; admin=it", "SIGN_IN_ROLES_CLAIM": "realm_access.roles"})
    assert sign_in.roles_of({"realm_access": {"roles": ["it"]}}) == {"viewer", "admin"}
    assert sign_in.roles_of({"realm_access": "it"}) == {"viewer"}
    assert sign_in.roles_of({"realm_access.roles": ["it"]}) == {"viewer", "admin"}


@pytest.mark.usefixtures("signing_in")
class TestCookie:
    """Who a signed cookie stands for."""

    def test_it_stands_for_a_person(self):
        now = time.time()
        found = sign_in.person(cookie({"groups": ["it"]}), now)
        assert found is not None
        assert (found.kind, found.name, found.roles) == ("person", "Dana Cole (dana@example.gov)", {"admin"})
        assert 12 * 3600 - 5 < found.until - now <= 12 * 3600

    def test_it_holds_for_as_long_as_is_set(self, set_to: Any):
        set_to(SIGN_IN_HOURS="2")
        now = time.time()
        assert sign_in.person(cookie({}, made_at=now - 2 * 3600 + 60), now) is not None
        assert sign_in.person(cookie({}, made_at=now - 2 * 3600 - 1), now) is None

    @pytest.mark.parametrize(
        "cookies",
        [
            pytest.param({}, id="none"),
            pytest.param({"_streamlit_user": ""}, id="empty"),
            pytest.param({"_streamlit_user": "chunks-2"}, id="parts that are not there"),
            pytest.param({"_streamlit_user": "\x00\xff" * 50}, id="rubbish"),
            pytest.param(cookie({}, secret="b" * 40), id="another's signature"),
            pytest.param({"_streamlit_user_tokens": cookie({})["_streamlit_user"]}, id="another cookie's name"),
            pytest.param({"_streamlit_user": cookie({})["_streamlit_user"][:-3] + "abc"}, id="a changed signature"),
            pytest.param(cookie({"origin": "https://elsewhere.example"}), id="for another address"),
            pytest.param(cookie({"is_logged_in": False}), id="not signed in"),
            pytest.param(cookie({"is_logged_in": "true"}), id="a word for true"),
        ],
    )
    def test_anything_else_stands_for_nobody(self, cookies: dict[str, str]):
        assert sign_in.person(cookies, time.time()) is None

    def test_no_change_of_one_character_is_believed(self):
        whole = cookie({"groups": ["staff"]})["_streamlit_user"]
        for place in range(0, len(whole), 7):
            changed = whole[:place] + ("A" if whole[place] != "A" else "B") + whole[place + 1 :]
            assert sign_in.person({"_streamlit_user": changed}, time.time()) is None


def a_display(token: str, *, days: float = 30, revoked: bool = False, number: int = 1) -> Display:
    """A display as the database has it."""
    now = datetime.now(UTC)
    return Display(
        number,
        "Lobby",
        displays.hash_of(token),
        "Ops",
        now,
        now + timedelta(days=days),
        "Ops" if revoked else None,
        now if revoked else None,
    )


@pytest.fixture
def with_displays() -> Iterator[Any]:
    """Tells the process's loader which displays there are."""
    yield lambda *known: loader().publish(displays=known)
    loader().publish(displays=None)


@pytest.mark.usefixtures("signing_in")
class TestDisplay:
    """A display's token."""

    def test_it_opens_the_walls(self, with_displays: Any):
        with_displays(a_display("other", number=1), a_display("token", number=2))
        found = session.visitor_of({displays.COOKIE: "token"})
        assert found is not None
        assert (found.kind, found.display_id, found.roles) == ("display", 2, frozenset())
        assert session.still_holds(found)

    @pytest.mark.parametrize(
        "known",
        [
            pytest.param((a_display("token", revoked=True),), id="revoked"),
            pytest.param((a_display("token", days=-1),), id="expired"),
            pytest.param((a_display("another"),), id="unknown"),
            pytest.param((), id="none"),
            pytest.param(None, id="never read"),
        ],
    )
    def test_it_opens_nothing(self, known: Any):
        loader().publish(displays=known)
        assert session.visitor_of({displays.COOKIE: "token"}) is None
        loader().publish(displays=None)

    def test_a_revoked_one_ends_while_it_is_open(self, with_displays: Any):
        with_displays(a_display("token"))
        found = session.visitor_of({displays.COOKIE: "token"})
        assert found is not None
        with_displays(a_display("token", revoked=True))
        assert not session.still_holds(found)

    def test_a_person_goes_before_a_display(self, with_displays: Any):
        with_displays(a_display("token"))
        found = session.visitor_of(cookie({"groups": ["staff"]}) | {displays.COOKIE: "token"})
        assert found is not None
        assert found.kind == "person"


def guarded() -> TestClient:
    """A gate around an application that says who came through."""

    async def whatever(request: Request) -> Response:
        visitor = request.scope.get(gate.VISITOR)
        answer = PlainTextResponse(visitor.kind if visitor else "nobody")
        answer.set_cookie("_streamlit_user", "x", httponly=True)
        return answer

    async def socket(asked: WebSocket) -> None:
        await asked.accept()
        with suppress(WebSocketDisconnect):
            while True:
                await asked.send_text(await asked.receive_text())

    app = Starlette(routes=[WebSocketRoute("/_stcore/stream", socket), Route("/{path:path}", whatever, methods=["GET", "POST"])])
    return TestClient(gate.Gate(app), base_url="https://311.example.gov", follow_redirects=False)


class TestGateWithoutSignIn:
    """Only this machine is served."""

    @pytest.mark.parametrize("host", ["127.0.0.1:8311", "localhost:8311", "[::1]:8311"])
    def test_a_browser_on_this_machine_comes_through(self, host: str):
        assert guarded().get("/incident", headers={"host": host}).text == "machine"

    @pytest.mark.parametrize(
        "headers",
        [
            {"host": "311.example.gov"},
            {"host": "127.0.0.1.rebound.example"},
            {"host": ""},
            {"host": "127.0.0.1@elsewhere.example"},
            {"host": "127.0.0.1:8311", "x-forwarded-for": "203.0.113.9"},
            {"host": "127.0.0.1:8311", "Forwarded": "for=203.0.113.9"},
        ],
    )
    def test_anybody_else_is_told_why_not(self, headers: dict[str, str]):
        answer = guarded().get("/incident", headers=headers)
        assert answer.status_code == 403
        assert "Sign-in is off" in answer.text
        with pytest.raises(WebSocketDisconnect), guarded().websocket_connect("/_stcore/stream", headers=headers):
            pass

    def test_a_hostile_host_is_no_markup(self):
        answer = guarded().get("/", headers={"host": "<script>alert(1)</script>"})
        assert "<script>alert" not in answer.text

    def test_a_setting_in_words_opens_it(self, set_to: Any):
        set_to(WITHOUT_SIGN_IN=OPEN_TO_ALL)
        assert guarded().get("/incident", headers={"host": "311.example.gov"}).text == "machine"


@pytest.mark.usefixtures("signing_in")
class TestGate:
    """With sign-in on."""

    @pytest.mark.parametrize("path", sorted(gate.OPEN | gate.OWN_CHECK))
    def test_these_are_open(self, path: str):
        assert guarded().get(path).text == "nobody"

    @pytest.mark.parametrize("path", ["/auth/login/", "//auth/login", "/health/live/x", "/AUTH/LOGIN", "/auth/login/../../incident"])
    def test_what_only_looks_like_them_is_not(self, path: str):
        assert guarded().get(path).status_code == 401

    def test_a_page_leads_to_the_provider(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(sign_in, "encode_provider_token", lambda _: "token")
        answer = guarded().get("/incident", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/auth/login?provider=token")
        assert guarded().post("/plain", headers=HTML).status_code == 401

    @pytest.mark.parametrize(
        "path",
        ["/", "/api/stream?page=live", "/static/js/index.js", "/api/components/tile.0.js", "/media/x", "/_stcore/host-config", "/plain"],
    )
    def test_everything_else_is_refused(self, path: str):
        assert guarded().get(path).status_code == 401

    @pytest.mark.parametrize(
        ("group", "path", "status"),
        [
            ("staff", "/", 200),
            ("staff", "/live", 200),
            ("staff", "/incident", 403),
            ("staff", "/incident/", 403),
            ("staff", "/incident/x", 403),
            ("staff", "/api/stream?page=wall", 200),
            ("staff", "/api/stream?page=wall-named", 403),
            ("staff", "/displays", 403),
            ("staff", "/api/stream?page=live", 200),
            ("staff", "/api/stream?page=live-named", 403),
            ("staff", "/api/stream?page=system", 403),
            ("staff", "/api/stream", 403),
            ("staff", "/_stcore/metrics", 403),
            ("leads", "/api/stream?page=live-named", 200),
            ("leads", "/system", 200),
            ("leads", "/displays", 403),
            ("it", "/displays", 200),
            ("it", "/api/stream?page=live-named", 403),
            ("it", "/_stcore/metrics", 200),
            ("strangers", "/", 403),
            ("strangers", "/static/js/index.js", 200),
            ("strangers", "/media/x", 403),
            ("strangers", "/api/stream?page=live", 403),
        ],
    )
    def test_roles_decide(self, group: str, path: str, status: int):
        client = guarded()
        client.cookies.update(cookie({"groups": [group]}))
        answer = client.get(path, headers=HTML)
        assert answer.status_code == status
        if status == 403 and path.startswith(("/incident", "/displays")):
            assert "Dana Cole" in answer.text

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/", 200),
            ("/?wall=live,map", 200),
            ("/emergency", 200),
            ("/api/stream?page=live", 200),
            ("/static/js/index.js", 200),
            ("/api/areas/district.geojson", 200),
            ("/api/components/tile.0123456789abcdef.js", 200),
            ("/plain", 200),
            ("/api/stream?page=live-named", 403),
            ("/api/stream?page=system", 403),
            ("/departments", 403),
            ("/displays", 403),
            ("/media/x", 403),
            ("/_stcore/upload_file/a/b", 403),
            ("/_stcore/metrics", 403),
            ("/whatever", 403),
        ],
    )
    def test_a_display_has_the_walls_alone(self, with_displays: Any, path: str, status: int):
        with_displays(a_display("token"))
        client = guarded()
        client.cookies[displays.COOKIE] = "token"
        assert client.get(path, headers=HTML).status_code == status

    def test_a_token_in_the_address_becomes_a_cookie_that_no_script_reads(self, with_displays: Any):
        with_displays(a_display("token"))
        answer = guarded().get("/?wall=live,map&display=token&every=30")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?wall=live%2Cmap&every=30")
        for word in ("city311_display=token", "HttpOnly", "Secure", "SameSite=lax"):
            assert word in answer.headers["set-cookie"]

    def test_a_wrong_token_is_told_and_tried_again(self, with_displays: Any):
        with_displays(a_display("token", revoked=True))
        answer = guarded().get("/?wall=live&display=token")
        assert answer.status_code == 403
        assert 'http-equiv="refresh"' in answer.text
        assert "token</" not in answer.text

    def test_a_token_that_cannot_be_looked_up_waits(self):
        answer = guarded().get("/?wall=live&display=token")
        assert answer.status_code == 503
        assert 'http-equiv="refresh"' in answer.text

    def test_a_websocket_is_refused_without_a_visitor(self):
        with pytest.raises(WebSocketDisconnect), guarded().websocket_connect("/_stcore/stream"):
            pass

    def test_a_websocket_ends_with_its_visitor(self, with_displays: Any):
        with_displays(a_display("token"))
        client = guarded()
        client.cookies[displays.COOKIE] = "token"
        with client.websocket_connect("/_stcore/stream") as socket:
            socket.send_text("a")
            assert socket.receive_text() == "a"
            with_displays(a_display("token", revoked=True))
            socket.send_text("b")
            with pytest.raises(WebSocketDisconnect):
                socket.receive_text()

    def test_cookies_go_over_tls_alone_and_answers_say_how_to_be_read(self):
        client = guarded()
        client.cookies.update(cookie({"groups": ["staff"]}))
        answer = client.get("/")
        assert answer.headers["set-cookie"].endswith("; Secure")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "frame-ancestors 'self'"

    def test_without_tls_they_could_not_be_sent(self, set_to: Any):
        set_to(PUBLIC_URL="http://127.0.0.1:8311")
        assert "Secure" not in guarded().get("/auth/login").headers["set-cookie"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_change_is_refused_before_it_is_written(monkeypatch: pytest.MonkeyPatch, database_away: str, action: str):
    for role in ROLES:
        monkeypatch.setattr(session, "present", lambda role=role: Visitor("person", "Dana", frozenset({role}), 1e11))
        refused = (
            pytest.raises(NoAnswer)
            if role in ACTIONS[action]
            else pytest.raises(NotKept, match=r"Your roles do not include this; it is for: ")
        )
        with refused:
            written(action, {})
    for nobody in (None, Visitor("display", "Lobby", frozenset(), 1e11, 1)):
        monkeypatch.setattr(session, "present", lambda nobody=nobody: nobody)
        with pytest.raises(NotKept):
            written(action, {})


@pytest.mark.usefixtures("signing_in")
def test_outside_of_a_page_nobody_is_known_unless_it_was_said():
    assert session.present() is None
    copy_context().run(lambda: (session.be(AT_THIS_MACHINE), session.present()))
    assert session.present() is None


def test_roles_are_named_in_their_order():
    told = [roles.named(frozenset(pair)) for pair in pairwise(ROLES)]
    assert told[0] == "viewer, supervisor"
    assert roles.named(ALL) == ", ".join(ROLES)
    assert Path(gate.__file__).parent.name == "access"
