"""Every route of the running dashboard, asked by nobody, by people of each role, by displays and by forgers; signed in at a real provider."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from dashboard.access.roles import PAGES, ROLES
from sql.settings import PROJECT
from tests.e2e.server import Dashboard, free_port
from tests.signed_cookies import SECRET, signed

PEOPLE = {role: [f"group of {role}"] for role in ROLES} | {"stranger": ["group of nobody"]}
LIST_ROUTES = """
import json
from dashboard.app import app
from starlette.routing import WebSocketRoute
routes = app._build_starlette_app().routes
print(json.dumps([[route.path, isinstance(route, WebSocketRoute), sorted(getattr(route, "methods", None) or ["GET"])] for route in routes]))
"""
OPEN = {"/auth/login", "/auth/logout", "/oauth2callback", "/_stcore/health", "/health/live", "/health/ready"}
PATIENCE_SECONDS = 40.0


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """An OpenID provider that knows a person for each role: its address."""
    port = free_port()
    users = [{"sub": name, "name": f"The {name}", "email": f"{name}@example.gov", "groups": groups} for name, groups in PEOPLE.items()]
    options = [option for user in users for option in ("--user-claims", json.dumps(user))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: requests.get(f"{address}/.well-known/openid-configuration", timeout=2).ok)
            yield address
        finally:
            process.kill()


def wait_for(condition: Any) -> None:
    """Until it is true; what is not there yet is waited for too."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not come true")


@pytest.fixture
def dashboard(environment: dict[str, str], provider: str, tmp_path: Path) -> Iterator[Dashboard]:
    """The running dashboard, with sign-in on."""
    server = Dashboard(environment, tmp_path / "dashboard.log")
    environment |= {
        "PUBLIC_URL": server.url,
        "SIGN_IN_METADATA_URL": f"{provider}/.well-known/openid-configuration",
        "SIGN_IN_CLIENT_ID": "dashboard",
        "SIGN_IN_CLIENT_SECRET": "whatever it is",
        "SIGN_IN_COOKIE_SECRET": SECRET,
        "SIGN_IN_ROLES": "; ".join(f"{role}={PEOPLE[role][0]}" for role in ROLES),
    }
    server = Dashboard(environment, tmp_path / "dashboard.log", port=server.port)
    server.start()
    yield server
    server.kill()


def signed_in(dashboard: Dashboard, who: str) -> requests.Session:
    """A browser in which somebody signed in, by every step that a browser takes."""
    browser = requests.Session()
    form = browser.get(f"{dashboard.url}/incident?incident=1", headers={"Accept": "text/html"}, timeout=20)
    assert "/oauth2/authorize" in form.url
    browser.post(form.url, data={"sub": who}, timeout=20)
    return browser


def routes() -> list[tuple[str, bool, list[str]]]:
    """All that is served: path, whether it is a websocket, methods."""
    told = subprocess.run([sys.executable, "-c", LIST_ROUTES], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [tuple(route) for route in json.loads(told.strip().splitlines()[-1])]


def asked(browser: requests.Session, dashboard: Dashboard, method: str, path: str) -> int:
    """The status of an answer; what never ends is read no further."""
    with browser.request(method, dashboard.url + path, timeout=20, allow_redirects=False, stream=True) as answer:
        return answer.status_code


def opens_socket(browser: requests.Session, dashboard: Dashboard) -> bool:
    """Whether the websocket of the pages opens."""
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.cookies)
    url = dashboard.url.replace("http", "ws", 1) + "/_stcore/stream"
    try:
        with connect(url, origin=dashboard.url, additional_headers={"Cookie": cookies}, subprotocols=["streamlit"]):
            return True
    except (InvalidStatus, ConnectionClosed):
        return False


@pytest.mark.timeout(300)
def test_every_route_is_behind_the_gate(dashboard: Dashboard, database: str) -> None:
    nobody, tampered, expired = requests.Session(), requests.Session(), requests.Session()
    admin, viewer, stranger = (signed_in(dashboard, who) for who in ("admin", "viewer", "stranger"))
    good = admin.cookies["_streamlit_user"].strip('"')
    tampered.cookies["_streamlit_user"] = good[:-4] + ("aaaa" if not good.endswith("aaaa") else "bbbb")
    claims = {"origin": dashboard.url, "is_logged_in": True, "sub": "admin", "groups": PEOPLE["admin"]}
    expired.cookies["_streamlit_user"] = signed(claims, made_at=time.time() - 12 * 3600 - 60)
    renewed = requests.Session()
    renewed.cookies["_streamlit_user"] = signed(claims)
    assert asked(renewed, dashboard, "GET", "/displays") == 200, "what follows is refused for its age, not for its form"

    found = routes()
    assert {"/api/stream", "/media/{file_id:path}", "/app/static/{path:path}", ""} <= {path for path, _, _ in found}
    for path, is_socket, methods in found:
        place = path.replace("{file_id:path}", "x.csv").replace("{path:path}", "app.css").replace("{kind}", "district")
        place = place.replace("{session_id}", "a").replace("{file_id}", "b") or "/index.html"
        if place in OPEN or place == "/metrics":
            continue
        for browser in (nobody, tampered, expired):
            if is_socket:
                assert not opens_socket(browser, dashboard)
            for method in [] if is_socket else methods:
                assert asked(browser, dashboard, method, place) == 401, (method, place)
    for page in (*PAGES, ""):
        for browser in (nobody, tampered, expired):
            answer = browser.get(f"{dashboard.url}/{page}", headers={"Accept": "text/html"}, timeout=20, allow_redirects=False)
            assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/auth/login")
    assert opens_socket(admin, dashboard)
    assert opens_socket(viewer, dashboard)
    assert asked(admin, dashboard, "GET", "/_stcore/metrics") == 200
    assert asked(viewer, dashboard, "GET", "/_stcore/metrics") == 403
    assert asked(stranger, dashboard, "GET", "/") == 403
    assert "No role yet" in stranger.get(dashboard.url, timeout=20).text


@pytest.mark.timeout(300)
def test_each_role_reaches_its_pages_and_no_other(dashboard: Dashboard) -> None:
    for role in ROLES:
        browser = signed_in(dashboard, role)
        for page, allowed in PAGES.items():
            if page != "wall":
                assert asked(browser, dashboard, "GET", f"/{page}") == (200 if role in allowed else 403), (role, page)
        assert asked(browser, dashboard, "GET", "/api/stream?page=live") == 200
        assert asked(browser, dashboard, "GET", "/api/stream?page=live-named") == (200 if role == "supervisor" else 403)
        assert asked(browser, dashboard, "GET", "/api/stream?page=system") == (200 if role in PAGES["system"] else 403)


def test_somebody_who_signs_out_is_out(dashboard: Dashboard) -> None:
    browser = signed_in(dashboard, "viewer")
    assert asked(browser, dashboard, "GET", "/departments") == 200
    assert browser.get(f"{dashboard.url}/auth/logout", timeout=20, allow_redirects=False).status_code == 302
    assert "_streamlit_user" not in browser.cookies
    assert asked(browser, dashboard, "GET", "/departments") == 401


def test_a_display_opens_its_walls_until_it_is_revoked(dashboard: Dashboard, environment: dict[str, str], database: str) -> None:
    def displays(*command: str) -> str:
        run = [sys.executable, "-m", "dashboard", "displays", *command]
        return subprocess.run(run, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True).stdout

    address, until = displays("add", "Lobby, north", "--days", "30", "--by", "Ops").splitlines()
    assert address.startswith(f"{dashboard.url}/?wall=live,emergency,map&display=")
    assert until.startswith("holds until ")
    screen = requests.Session()
    wait_for(lambda: screen.get(address, timeout=20, allow_redirects=False).status_code == 303)
    assert screen.get(address, timeout=20).url == f"{dashboard.url}/?wall=live%2Cemergency%2Cmap"
    assert opens_socket(screen, dashboard)
    assert asked(screen, dashboard, "GET", "/api/stream?page=live") == 200
    for path in ("/departments", "/system", "/displays", "/api/stream?page=live-named", "/api/stream?page=system", "/media/x"):
        assert asked(screen, dashboard, "GET", path) == 403, path
    with ExitStack() as undo:
        stream = undo.enter_context(screen.get(f"{dashboard.url}/api/stream?page=live", stream=True, timeout=20))
        lines = stream.iter_lines()
        assert next(lines).startswith(b"retry")
        assert displays("revoke", "1", "--by", "Ops") == "revoked 1\n"
        started = time.monotonic()
        for _ in lines:
            assert time.monotonic() - started < 30, "the stream goes on"
    assert asked(screen, dashboard, "GET", "/api/stream?page=live") == 403
    assert not opens_socket(screen, dashboard)
    assert "revoked\tuntil" in displays("list")
    with psycopg.connect(database) as connection:
        noted = connection.execute("SELECT who, what, after::text FROM audit ORDER BY audit_id").fetchall()
    assert [(who, what) for who, what, _ in noted] == [("Ops", "display")] * 2
    assert all("token" not in after for _, _, after in noted)
    token = address.partition("display=")[2]
    assert token not in dashboard.log.read_text()


def test_without_sign_in_only_this_machine_is_served(environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dashboard", "--port", str(free_port()), "--address", "0.0.0.0"]
    refused = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1
    assert "0.0.0.0 can be reached by others, and sign-in is off" in refused.stderr
    server = Dashboard(environment, tmp_path / "dashboard.log")
    server.start()
    try:
        assert requests.get(server.url, timeout=20).status_code == 200
        for headers in ({"Host": "311.example.gov"}, {"X-Forwarded-For": "203.0.113.7"}):
            answer = requests.get(server.url, headers=headers, timeout=20)
            assert (answer.status_code, "Only on this machine" in answer.text) == (403, True)
    finally:
        server.kill()
