"""From send to pixel: an event goes to Kafka, and a real browser notes when the wall shows it; everything runs on this machine.

Meanwhile other events flow at `BACKGROUND_EVENTS_A_SECOND`, so that nothing is measured on an idle system.
"""

import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kafka import KafkaProducer
from playwright.sync_api import sync_playwright

from sql.settings import PROJECT
from streams import events
from tests.bench.stack import Stack
from tests.e2e.server import FLAGS, Dashboard, browser_path

SAMPLES = 80
BACKGROUND_EVENTS_A_SECOND = 40
VALUE = '[class*="st-key-part_waiting"] .value b'
# Notes [milliseconds, text] at the frame after each change of the tile's value.
WATCH = """(value) => {
  window.shown = []
  const note = () => requestAnimationFrame(() => window.shown.push([Date.now(), value.textContent]))
  new MutationObserver(note).observe(value, { characterData: true, childList: true, subtree: true })
}"""


@dataclass(frozen=True)
class Pixels:
    """Milliseconds from send to the frame that shows it."""

    median: float
    p95: float
    largest: float
    samples: int


def measure(stack: Stack, *, samples: int = SAMPLES) -> Pixels:
    """Let one contact more wait, `samples` times, and note when the wall says so."""
    producer = KafkaProducer(bootstrap_servers=stack.servers.split(","), linger_ms=0, acks="all")
    consumer = subprocess.Popen([sys.executable, "-m", "streams", "consume"], env=stack.environment, cwd=PROJECT, stderr=subprocess.DEVNULL)
    dashboard = Dashboard(stack.environment, Path(tempfile.mkstemp(prefix="city311-bench-", suffix=".log")[1]))
    ended = threading.Event()
    background = threading.Thread(target=_background, args=(producer, stack, ended))
    background.start()
    try:
        dashboard.start()
        sent, shown = _watched(dashboard, producer, stack, samples)
    finally:
        ended.set()
        background.join()
        dashboard.kill()
        consumer.terminate()
        consumer.wait(20)
        producer.close()
    first_seen: dict[str, float] = {}
    for at, text in shown:
        first_seen.setdefault(text, at)
    waits = sorted(first_seen[str(number)] - at for number, at in sent.items() if str(number) in first_seen)
    if len(waits) < samples * 0.9:
        raise RuntimeError(f"only {len(waits)} of {samples} changes were seen on the wall: {dashboard.log.read_text()[-2000:]}")
    return Pixels(statistics.median(waits), waits[int(0.95 * len(waits))], waits[-1], len(waits))


def _watched(dashboard: Dashboard, producer: KafkaProducer, stack: Stack, samples: int) -> tuple[dict[int, float], list[tuple[float, str]]]:
    dice = random.Random(311)
    sent: dict[int, float] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        _send(producer, stack, events.ContactQueued("seen-0", "general"))
        page.goto(dashboard.url)
        page.locator(VALUE).wait_for()
        page.wait_for_timeout(8_000)  # the first page, the consumer's group, prepared statements
        page.locator(VALUE).evaluate(WATCH)
        for number in range(2, samples + 2):
            sent[number] = time.time() * 1000
            _send(producer, stack, events.ContactQueued(f"seen-{number}", "general"))
            page.wait_for_timeout(dice.uniform(500, 1_300))
        page.wait_for_timeout(2_000)
        shown = page.evaluate("() => window.shown")
        browser.close()
    return sent, shown


def _send(producer: KafkaProducer, stack: Stack, data: events.Data, before_seconds: float = 0) -> None:
    event = events.event(data, source="bench", event_id=f"{time.time_ns()}", at=datetime.now(UTC) - timedelta(seconds=before_seconds))
    producer.send(stack.prefix + events.topic_of(data), key=events.key_of(data), value=events.encode(event))


def _background(producer: KafkaProducer, stack: Stack, ended: threading.Event) -> None:
    """Contacts that were answered at once: they move every figure but the one that is watched."""
    number = 0
    while not ended.wait(2 / BACKGROUND_EVENTS_A_SECOND):
        number += 1
        _send(producer, stack, events.ContactAnswered(f"busy-{number}", f"agent{number % 50}", "general", 3))
        _send(producer, stack, events.ContactQueued(f"busy-{number}", "general"), before_seconds=3)
