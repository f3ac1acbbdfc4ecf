"""Every word of a wall fits into its part, also when a city is ten times as large or a name is long."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

# Where a word is longer than there is room for, an element reaches over the edge of its part or of its cell, or the next word lies on it.
CUT = """() => [...document.querySelectorAll('[class*="st-key-part_"]')].flatMap((part) => {
  const root = [...part.querySelectorAll('*')].map((n) => n.shadowRoot?.querySelector('.root')).find(Boolean)
  const box = root.getBoundingClientRect()
  const words = [...root.querySelectorAll('*')].filter((n) => !n.childElementCount && n.textContent.trim() && n.getClientRects().length)
  return words.filter((n) => {
    const own = n.getBoundingClientRect(), cell = n.closest('td')?.getBoundingClientRect()
    const over = own.right > box.right + 1 || own.bottom > box.bottom + 4 || (cell && (own.right > cell.right + 1 || own.bottom > cell.bottom + 4))
    return over || (n.clientWidth && n.scrollWidth > n.clientWidth + 1) || parseFloat(getComputedStyle(n).fontSize) < 22
  }).map((n) => part.className.match(/st-key-part_\\w+/)[0] + ': ' + n.textContent)
})"""
# Whether each part is drawn by its component: that is a file of its own, which a busy machine serves late.
DRAWN = """() => [...document.querySelectorAll('[class*="st-key-part_"]')].every(
  (part) => [...part.querySelectorAll('*')].some((n) => n.shadowRoot?.querySelector('.root')))"""
# Figures of the wall with other values and so many cadences old, as if the server had sent them; what is cut is asked before it sends the next.
WITH = """([values, cadences]) => {
  const figures = Object.fromEntries(Object.entries(values).map(([key, more]) => {
    const figure = { ...city311.figure(key), ...more }
    if (more.rows) figure.rows = more.rows.map((row) => ({ ...city311.figure(key).rows[0], ...row }))
    if (cadences) figure.as_of = city311.now() - cadences * figure.cadence
    return [key, figure]
  }))
  city311.accept({ boot: "large " + cadences, seq: 1, now: city311.now(), figures })
  return (CUT)()
}""".replace("CUT", CUT)

FULL: dict[str, Any] = {
    "level": {"value": "100", "status": "ok", "unit": "%", "over": "last\n30 min\ntoday 95%", "compare": "target 80%"},
    "abandoned": {"value": "100", "unit": "%", "compare": "1,457 of 1,457"},
    "em_give_up": {"value": "100", "unit": "%", "status": "none", "compare": "12,345 in all"},
}
LARGE: dict[str, Any] = {
    "waiting": {"value": "1,234", "status": "watch", "compare": "usual 1,012 to 1,250"},
    "longest": {"value": "1 h 05 min", "status": "act", "compare": "limit 5:00"},
    "free": {"value": "123", "of": "of 1,234", "compare": "none for Chat & text"},
    "offered": {"value": "12,345", "compare": "usual 12,349 to 15,543"},
    "answer": {"value": "12:06", "compare": "mean of 12,468"},
    "languages": {
        "cells": [{"value": "12", "word": "Haitian Creole", "note": "12:04"}, {"value": "12", "word": "Vietnamese", "note": "1:17"}]
    },
    "em_contacts": {"value": "12,345", "of": "12.3 ×", "status": "none", "compare": "usual 10,353 to 14,423"},
    "em_give_up": {"value": "34", "unit": "%", "status": "act", "compare": "12,345 since yesterday"},
    "em_open": {"value": "123,456", "compare": "+12,345 in 1 h"},
    "em_wait": {"value": "1 h 05 min", "status": "act", "compare": "1,234 waiting"},
    "em_requests": {"value": "12,345", "of": "12.8 ×", "status": "watch", "compare": "usual 1,064 to 1,087"},
    "em_posts": {"value": "12,345", "of": "99.6 ×", "status": "watch", "compare": "usual 1,203 to 1,310"},
    "em_searches": {"value": "12,345", "of": "16.7 ×", "status": "act", "compare": "usual 1,135 to 1,258"},
    "em_asked": {
        "rows": [
            {"name": "Rubbish/Recyclable Material Collection", "source": "requests", "count": "12,345", "ratio": "29.2", "status": "act"},
            {"name": "No Heat (Residential)", "source": "requests", "count": "1,326", "ratio": "14.0", "status": "act"},
            {"name": "Traffic Signal Emergency", "source": "requests", "count": "36", "ratio": "111.7", "status": "watch"},
            {"name": "“where is the nearest warming center”", "source": "searches", "count": "26", "ratio": None, "status": "watch"},
        ]
    },
}


def shown_of(page: Page, values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that the page shows."""
    keys: list[str] = page.evaluate("(keys) => keys.filter((key) => document.querySelector(`[class*='st-key-part_${key}']`))", [*values])
    return {key: values[key] for key in keys}


@pytest.mark.usefixtures("beating")
def test_nothing_is_cut_on_a_wall(opened: Callable[[str], Page]) -> None:
    cut = {}
    for path in ("/", "/emergency", "/?wall=live&theme=light", "/?wall=live&scale=1.25", "/?wall=emergency&scale=1.25"):
        page = opened(path)
        page.wait_for_function(DRAWN)
        page.wait_for_timeout(2500)
        cut[path, "as it is"] = page.evaluate(CUT)
        for name, values, cadences in (
            ("full", FULL, 0),
            ("large", LARGE, 0),
            ("late", LARGE, 4),
            ("stale", LARGE, 12),
            ("unknown", LARGE, 40),
        ):
            found = shown_of(page, values)
            assert found
            cut[path, name] = page.evaluate(WITH, [found, cadences])
    assert not {place: words for place, words in cut.items() if words}
