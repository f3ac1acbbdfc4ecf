"""The components' files: one a kind, kept by the browser for good, and no part of what a refresh sends."""

import re
from pathlib import Path
from typing import get_args

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard import bundles

KINDS = get_args(bundles.Kind)
LARGEST_LOADER_BYTES = 600


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[Route(bundles.PATH, bundles.serve)]))


def test_every_component_has_a_kind() -> None:
    folder = Path(bundles.__file__).parent / "components"
    for ending in ("js", "css"):
        assert sorted(one.stem for one in folder.glob(f"*.{ending}") if one.stem != "common") == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_one_file_that_a_browser_keeps(client: TestClient, kind: bundles.Kind) -> None:
    answer = client.get(bundles.bundle(kind).address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    for name in ("common.js", f"{kind}.js"):
        assert (bundles.HERE / name).read_text() in answer.text
    assert answer.text.count("export default") == 1


def test_its_name_changes_with_its_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    before = bundles.bundle.__wrapped__("tile").address
    assert re.fullmatch(r"/api/components/tile\.[0-9a-f]{16}\.js", before)
    source = bundles._source
    monkeypatch.setattr(bundles, "_source", lambda name: source(name).replace(":host", "body") if name == "common.css" else source(name))
    assert bundles.bundle.__wrapped__("tile").address != before


@pytest.mark.parametrize("name", ["tile.0123456789abcdef", "tile", "common", "../../../sql/settings", "..%2f..%2fapp.py%00"])
def test_what_is_not_of_this_version_is_not_kept(client: TestClient, name: str) -> None:
    answer = client.get(bundles.PATH.format(name=name))
    assert (answer.status_code, answer.headers.get("cache-control", "no-store")) == (404, "no-store")


def test_a_refresh_sends_a_loader_only() -> None:
    for kind in KINDS:
        assert len(bundles.LOADER % bundles.bundle(kind).address) < LARGEST_LOADER_BYTES
