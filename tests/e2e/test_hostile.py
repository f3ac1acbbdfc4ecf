"""Hostile text from everywhere outside, on every page in a real browser, through every form, and in the files that come of it: it is text."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from streams import events
from tests import hostile, request_samples
from tests.dashboard import pdf_words, staffing_sample, storm_city
from tests.e2e.conftest import afternoon_zone
from tests.e2e.server import Dashboard
from tests.e2e.test_emergency import choose

PAGES = ("", "emergency", "incident", "map", "departments", "staffing", "weekly", "system", "definitions")
SETTLED_MILLISECONDS = 700  # for what comes after the first words of a page: an error, a picture, a request to somebody outside
ONE_LINE = tuple(hostile.ONE_LINE.values())
# What the forms of FORMS keep, as typed.
KEPT = (
    ("incident", "name"), ("incident_change", "reason"), ("review_action", "what"), ("forecast_override", "reason"),
    ("display", "name"),
)  # fmt: skip
PROBLEMS = "() => [window.__hacked, document.querySelectorAll('#hostile, svg[onload], img[onerror], [onmouseover]').length, document.querySelectorAll('[data-testid=stException]').length]"
SHORT = 30  # characters that every box takes
SEEN = hostile.MARKUP["script"]


def fill(connection: psycopg.Connection, now: datetime) -> None:
    """Everything that somebody outside may name: queues, languages, agents, feeds, requests, posts, searches, alerts, refusals."""
    told = [
        events.RequestSnapshot(
            f"h{n}",
            "open",
            now - timedelta(days=n % 20, hours=1),
            expected_datetime=now + timedelta(days=n % 9 - 4),
            service_name=text[:400],
            department=text[:400],
            address=text[:400],
            description=text,
            status_notes=text,
            lat=39.95 + n / 1000,
            long=-75.16,
        )
        for n, text in enumerate((*ONE_LINE, *hostile.LINES.values(), *hostile.LONG.values()))
    ]
    request_samples.write(connection, told)
    for n, (queue,) in enumerate(connection.execute("SELECT queue FROM queue ORDER BY position").fetchall()):
        text = ONE_LINE[n % len(ONE_LINE)]
        connection.execute("UPDATE queue SET name = %s WHERE queue = %s", (text, queue))
        connection.execute("UPDATE contact SET language = %s WHERE queue = %s", (ONE_LINE[-1 - n][:100], queue))
    for n, (feed,) in enumerate(connection.execute("SELECT feed FROM feed ORDER BY feed").fetchall()):
        connection.execute("UPDATE feed SET name = %s WHERE feed = %s", (ONE_LINE[n], feed))
    connection.execute("UPDATE dead_letter SET reason = %s, value = %s, source = %s", (SEEN, SEEN.encode(), SEEN))


def outside(now: datetime) -> Iterator[tuple[str, events.Event]]:
    """Posts, searches and alerts of the last hours."""
    for n, text in enumerate(ONE_LINE):
        at = now - timedelta(minutes=5 + n)
        yield storm_city.one(
            events.SocialPosted(f"p{n}", text=f"When will you plow? No power! {text}", author_hash="h", language="en"), at, f"p{n}"
        )
        yield storm_city.one(events.SearchPerformed(f"s{n}", text[:200], 0), at, f"s{n}")
    data = events.WeatherAlert(
        "hostile", SEEN, "Actual", "Alert", onset_at=now - timedelta(hours=2), ends_at=now + timedelta(hours=9), severity="Severe",
        headline=hostile.MARKUP["image"], description=hostile.TEMPLATES["typst"], area_desc=hostile.MARKUP["link"], sender_name=SEEN,
    )  # fmt: skip
    yield storm_city.one(data, now - timedelta(hours=2), "hostile")


@pytest.fixture
def attacked(environment: dict[str, str], database: str, filled: psycopg.Connection, tmp_path: Path, wall: Page) -> Iterator[Page]:
    """A wall of the city in trouble in which every name is hostile, and the addresses that its pages ask for."""
    now = datetime.now(UTC).replace(microsecond=0)
    with psycopg.connect(database, autocommit=True) as connection:
        fill(connection, now)
    storm_city.write(database, outside(now))
    server = Dashboard(environment, tmp_path / "dashboard.log")
    server.start()
    wall.asked = []  # type: ignore[attr-defined]
    wall.on("request", lambda request: wall.asked.append(request.url))  # type: ignore[attr-defined]
    wall.on("dialog", lambda dialog: (wall.asked.append(f"http://dialog/{dialog.message}"), dialog.dismiss()))  # type: ignore[attr-defined]
    wall.goto(server.url)
    yield wall
    server.kill()
    written = server.log.read_text()
    assert "forged line" not in re.sub(r"'[^'\n]*'", "", written), "a text became a line of the log"
    assert "\x1b]0;title" not in written


def unharmed(page: Page, root: str) -> None:
    """Nothing ran, nothing became an element, and nobody outside was asked."""
    assert page.evaluate(PROBLEMS) == [None, 0, 0], page.url
    hosts = {urlsplit(url).netloc for url in page.asked if not url.startswith(("data:", "blob:"))}  # type: ignore[attr-defined]
    assert hosts <= {urlsplit(root).netloc}, page.url


@pytest.mark.timeout(600)
def test_hostile_names_are_only_text_on_every_page(attacked: Page) -> None:
    root = attacked.url.rstrip("/")
    for place in PAGES:
        attacked.goto(f"{root}/{place}")
        attacked.locator("[data-testid=stMain] :is(.root, h1, h3, canvas, [data-testid=stText])").first.wait_for()
        if place in ("", "departments", "system"):
            expect(attacked.get_by_text(SEEN).first).to_be_visible()
        attacked.wait_for_timeout(SETTLED_MILLISECONDS)
        unharmed(attacked, root)
    attacked.goto(f"{root}/departments?department={quote(SEEN)}")
    expect(attacked.get_by_text(SEEN).first).to_be_visible()
    unharmed(attacked, root)


@pytest.mark.timeout(600)
def test_hostile_text_goes_through_every_form_as_text(attacked: Page, database: str) -> None:
    root = attacked.url.rstrip("/")
    attacked.goto(f"{root}/incident")
    attacked.get_by_text("Open an incident").first.click()
    form = attacked.locator(".st-key-desk")
    name = hostile.MARKUP["closing tag"][:60]
    form.get_by_label("Name", exact=True).first.fill(name)
    form.get_by_label("Why", exact=True).first.fill(hostile.TEMPLATES["typst"])
    form.get_by_label("Your name, for the record").first.fill(hostile.STORED["equals"][:40])
    attacked.get_by_role("button", name="Open the incident").click()
    expect(attacked.locator(".st-key-desk_incident_verdict h3")).to_contain_text(name)

    note = attacked.locator(".st-key-panel_incident_note")
    for number, text in enumerate((hostile.TEMPLATES["typst"], hostile.MARKUP["image"], hostile.LINES["line"], hostile.STORED["equals"])):
        choose(attacked, note, "Your position", "Operations")
        note.get_by_label("What was done, said or decided").fill(text)
        note.get_by_label("A message: to whom").fill(hostile.MARKUP["script"][:60])
        note.get_by_label("By which way").fill(hostile.MARKUP["link"][:60])
        note.get_by_label("Your name, for the record").fill(hostile.STORED["at"])
        attacked.get_by_role("button", name="Note it").click()
        with psycopg.connect(database) as connection:
            _until(attacked, lambda: _count(connection, "SELECT count(*) FROM activity_log") == number + 1)  # noqa: B023
    expect(attacked.locator(".st-key-desk_incident_log")).to_contain_text(hostile.MARKUP["image"])

    attacked.get_by_text("Add, change or retire an approved answer").click()
    attacked.get_by_label("Question", exact=False).first.fill(hostile.MARKUP["script"])
    attacked.get_by_label("Topic").fill(hostile.MARKUP["icon"][:30])
    attacked.get_by_label("Answer, word for word").fill(hostile.MARKUP["picture"] + hostile.TEMPLATES["typst"])
    attacked.get_by_label("Owner: who keeps it true").fill(hostile.STORED["sql"])
    attacked.get_by_label("Source: where it comes from").fill(hostile.MARKUP["formula"])
    attacked.get_by_role("button", name="Approve it").click()
    expect(attacked.locator("[class*=st-key-desk_incident]").get_by_text(hostile.MARKUP["script"]).first).to_be_visible()
    unharmed(attacked, root)

    with attacked.expect_download() as download:
        attacked.get_by_role("button", name="Situation report", exact=True).click()
    words = pdf_words.words(Path(download.value.path()).read_bytes())
    assert '#panic("hacked")' in words
    with attacked.expect_download() as download:
        attacked.get_by_role("button", name="The log as CSV").click()
    told = Path(download.value.path()).read_text()
    assert "'=cmd" in told
    assert not re.search(r'(^|,)"?[=@+]', told, re.MULTILINE)

    attacked.goto(f"{root}/emergency")
    attacked.locator("[data-testid=stMain] .root").first.wait_for()
    attacked.wait_for_timeout(SETTLED_MILLISECONDS)
    unharmed(attacked, root)

    attacked.goto(f"{root}/weekly")
    attacked.get_by_text("Add or change an action").click()
    action = attacked.locator(".st-key-week_edit")
    for box in action.get_by_role("textbox").all():
        _try(box, hostile.MARKUP["image"])
    action.get_by_role("button", name="Add the action").click()
    attacked.wait_for_timeout(SETTLED_MILLISECONDS)
    unharmed(attacked, root)

    attacked.goto(f"{root}/staffing")
    attacked.locator("[data-testid=stMain]").get_by_text(re.compile("staffing|schedule|forecast", re.IGNORECASE)).first.wait_for()
    upload = attacked.get_by_text("Upload a schedule")
    if upload.count():
        upload.first.click()
        content = f"queue,date,start,end,people\n{SEEN},2026-11-27,07:00,08:00,1\n".encode()
        attacked.locator("input[type=file]").set_input_files({"name": f"{SEEN[:9]}.csv", "mimeType": "text/csv", "buffer": content})
        attacked.locator(".st-key-staffing_upload").get_by_label("Your name, for the record").fill(SEEN[:30])
        attacked.get_by_role("button", name="Check and keep the schedule").click()
        expect(attacked.locator(".st-key-staffing_upload")).to_contain_text("there is no queue")
    unharmed(attacked, root)


BOXES = "textarea, input[type=text]:not([role=combobox])"
# Forms: page, what opens it, its button. Those whose files and pages are looked at are in the test above.
FORMS = (
    ("incident", "Open an incident", "Open the incident"),
    ("incident", "Change or close", "Keep the change"),
    ("incident", "Judge a lifeline", "Keep the judgement"),
    ("incident", "Enter an alert by hand", "Enter the alert"),
    ("incident", "", "Note it"),
    ("incident", "Correct an entry", "Add the correction"),
    ("incident", "Change or close", "Close the incident"),
    ("incident", "Open this incident again", "Open it again"),
    ("weekly", "Add or change an action", "Add the action"),
    ("weekly", "Add or change an action", "Keep the change"),
    ("staffing", "Override the forecast", "Override"),
    ("staffing", "Override the forecast", "Withdraw it"),
    ("displays", "", "Make its address"),
    ("displays", "", "Revoke it"),
)


@pytest.mark.timeout(600)
def test_every_form_takes_hostile_text_as_text(attacked: Page, database: str) -> None:
    root = attacked.url.rstrip("/")
    with psycopg.connect(database) as connection:
        staffing_sample.fill(connection, datetime.now(UTC), ZoneInfo(afternoon_zone()), storm_day=None)
    shown = ""
    for number, (place, opener, button) in enumerate(FORMS):
        if place != shown:
            attacked.goto(f"{root}/{place}")
            attacked.locator("[data-testid=stForm]").first.wait_for(state="attached")
            attacked.wait_for_timeout(SETTLED_MILLISECONDS)
            shown = place
        form = attacked.locator("[data-testid=stForm]").filter(has=attacked.get_by_role("button", name=button, exact=True)).first
        folded = attacked.locator("details").filter(has=attacked.locator("summary").filter(has_text=opener)).first
        if opener and folded.get_attribute("open") is None:
            folded.locator("summary").first.click()
        if (place, button) == ("weekly", "Keep the change"):
            attacked.get_by_role("combobox", name="Which action").click()
            attacked.get_by_role("option").nth(1).click()
        form.locator(BOXES).first.wait_for()
        boxes = form.locator(BOXES).all()
        for place_of_box, box in enumerate(boxes):
            _try(box, ONE_LINE[(number + place_of_box) % len(hostile.MARKUP)])
        if button == "Note it":
            choose(attacked, form, "Your position", "Operations")
        form.get_by_role("button", name=button, exact=True).click()
        attacked.wait_for_timeout(SETTLED_MILLISECONDS)
        unharmed(attacked, root)
    with psycopg.connect(database) as connection:
        for table, column in KEPT:
            told = connection.execute(f"SELECT {column} FROM {table}".encode()).fetchall()
            assert any(text and any(text[:20] in one for one in ONE_LINE) for (text,) in told), f"{table}.{column}: {told}"

    attacked.goto(f"{root}/plain/entry")
    attacked.get_by_label("How many wait").fill(SEEN)
    attacked.get_by_label("Your name, for the record").fill(hostile.MARKUP["attribute"])
    attacked.get_by_role("button", name="Keep it").click()
    expect(attacked.locator("[role=alert]")).to_be_visible()
    expect(attacked.get_by_label("How many wait")).to_have_value(SEEN)
    unharmed(attacked, root)


def _try(box: Locator, text: str) -> None:
    if (
        box.is_editable()
        and box.get_attribute("type") != "date"
        and not (box.get_attribute("aria-label") or "").startswith("Select a date")
    ):
        box.fill(text)
        if not box.input_value():  # too long for this box, which takes nothing then
            box.fill(text[:SHORT])


def _count(connection: psycopg.Connection, query: str) -> int:
    found = connection.execute(query.encode()).fetchone()
    connection.rollback()
    return int(found[0]) if found else 0


def _until(page: Page, holds: object) -> None:
    for _ in range(100):
        if holds():  # type: ignore[operator]
            return
        page.wait_for_timeout(200)
    raise AssertionError("it was not kept")
