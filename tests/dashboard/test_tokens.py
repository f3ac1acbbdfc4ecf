"""Contrast, distances for colour-blind eyes, even ramps, and that the written files are in step."""

import itertools
from typing import Any

import numpy as np
import pytest
from colorspacious import cspace_convert  # type: ignore[import-untyped]
from numpy.typing import NDArray

from dashboard import tokens
from dashboard.tokens import COUNTS, MODES, RATIO, Mode

WALL_TEXT = ("text", "text2", "text3", "data", "watch", "act", "age")
SHAPES = ("usual", "watch_mark", "act_edge")
APART = ("data", "usual", "watch_mark", "act", "age", "text2")
TEXT_CONTRAST, SHAPE_CONTRAST, DISTANCE = 7.0, 3.0, 10.0
KINDS = ("normal", "deuteranomaly", "protanomaly", "tritanomaly")
STOPS: dict[str, dict[Mode, list[str]]] = {
    "counts": {"dark": ["#173A4D", "#2D8ABB", "#D2F2FF"], "light": ["#DCEBF3", "#4E9CC9", "#06345A"]},
    "ratio": {
        "dark": ["#8AD2FF", "#3B7FA8", "#2B3742", "#A5702B", "#FFD48A"],
        "light": ["#0A4A7A", "#7FB2D2", "#E9E7E0", "#E2A65B", "#8A4700"],
    },
}


def rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def luminance(colour: str) -> float:
    c = rgb(colour)
    return float(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def seen(colour: str, kind: str) -> Any:
    c = rgb(colour)
    if kind != "normal":
        c = np.clip(cspace_convert(c, {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}, "sRGB1"), 0, 1)
    return cspace_convert(c, "sRGB1", "CAM02-UCS")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", WALL_TEXT)
def test_words_are_read_across_the_room(mode: Mode, name: str) -> None:
    tone = tokens.colours(mode)
    assert contrast(tone[name], tone["panel"]) >= TEXT_CONTRAST


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SHAPES)
def test_shapes_stand_out(mode: Mode, name: str) -> None:
    tone = tokens.colours(mode)
    assert contrast(tone[name], tone["panel"]) >= SHAPE_CONTRAST


@pytest.mark.parametrize("mode", MODES)
def test_words_on_fills_are_read(mode: Mode) -> None:
    tone = tokens.colours(mode)
    assert contrast(tone["on_act"], tone["act_fill"]) >= TEXT_CONTRAST
    assert contrast(tone["on_watch"], tone["watch_fill"]) >= TEXT_CONTRAST


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_colours_that_mean_something_stay_apart(mode: Mode, kind: str) -> None:
    tone = tokens.colours(mode)
    near = {f"{a}/{b}": float(np.linalg.norm(seen(tone[a], kind) - seen(tone[b], kind))) for a, b in itertools.combinations(APART, 2)}
    assert min(near.values()) >= DISTANCE, near


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "ramp"), [("counts", COUNTS), ("ratio", RATIO)])
def test_ramps_are_even_to_the_eye(name: str, ramp: dict[Mode, list[str]], mode: Mode) -> None:
    stops = np.stack([cspace_convert(255 * rgb(stop), "sRGB255", "CAM02-UCS") for stop in STOPS[name][mode]])
    at = np.linspace(0, len(stops) - 1, 10)
    between = np.stack([np.interp(at, np.arange(len(stops)), stops[:, k]) for k in range(3)], axis=1)
    back = np.clip(cspace_convert(between, "CAM02-UCS", "sRGB255"), 0, 255).round().astype(int)
    assert ramp[mode] == ["#{:02X}{:02X}{:02X}".format(*c) for c in back]


def test_written_files_are_in_step() -> None:
    again = "run python -m dashboard.tokens"
    assert tokens.CSS_FILE.read_text() == tokens.css(), again
    assert tokens.CONFIG_FILE.read_text() == tokens.config(), again
