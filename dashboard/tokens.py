"""The colours and the type of every screen, once. `python -m dashboard.tokens` writes static/tokens.css and .streamlit/config.toml.

A colour is a pair (dark, light); charts read the same pairs. Nothing here draws. tests/dashboard/test_tokens.py holds the contrast rules,
the distances for colour-blind eyes, and that the written files are in step.
"""

from pathlib import Path
from typing import Literal

import click

Mode = Literal["dark", "light"]

PAIRS = {
    # surfaces
    "ground": ("#0A1016", "#F4F2EC"),
    "panel": ("#121B24", "#FFFFFF"),
    "raised": ("#1D2A36", "#EAE8E0"),
    "line": ("#2E3D4B", "#CFCDC4"),
    # words
    "text": ("#F3F7FA", "#0F1E2A"),
    "text2": ("#B7C5D1", "#3A4A57"),
    "text3": ("#97A9B8", "#485763"),
    # data: one hue for today, one grey for usual
    "data": ("#78D2FF", "#0B5A80"),
    "usual": ("#7F92A3", "#71808C"),
    # status: only trouble has a colour
    "watch": ("#FFC63F", "#704200"),
    "watch_mark": ("#FFC63F", "#C27300"),
    "watch_fill": ("#FFC63F", "#FFC63F"),
    "on_watch": ("#0A1016", "#0F1E2A"),
    "act": ("#FF8469", "#9A1A08"),
    "act_fill": ("#9C2110", "#9A1A08"),
    "act_edge": ("#FF8469", "#9A1A08"),
    "on_act": ("#FFFFFF", "#FFFFFF"),
    # the age of data is not a status
    "age": ("#B496FF", "#5B1FC4"),
}
MODES: tuple[Mode, ...] = ("dark", "light")

# Ten steps, evenly spaced to the eye (CAM02-UCS) between the stops named in tests/dashboard/test_tokens.py.
COUNTS: dict[Mode, list[str]] = {
    "dark": ["#173A4D", "#1F4B64", "#255D7B", "#2A6E94", "#2D81AD", "#4694C0", "#6CAACD", "#8EC0DB", "#B0D8EC", "#D2F2FF"],
    "light": ["#DCEBF3", "#BFD7E6", "#A2C5DB", "#84B4D2", "#62A4CB", "#4690BC", "#3778A2", "#286189", "#194A72", "#06345A"],
}
RATIO: dict[Mode, list[str]] = {
    "dark": ["#8AD2FF", "#66ABD6", "#4488B1", "#3C6683", "#324656", "#434546", "#776042", "#AE7A35", "#D5A55D", "#FFD48A"],
    "light": ["#0A4A7A", "#42769F", "#73A5C7", "#A7C2D2", "#D5DADA", "#E5D9C5", "#E3BC8B", "#D89A51", "#B16F2A", "#8A4700"],
}
UNICODE_RANGES = {
    "latin": "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+2000-206F, U+20AC, U+2122, U+2212, U+2215",
    "latin-ext": "U+0100-02BA, U+02BD-02C5, U+1E00-1E9F, U+1EF2-1EFF, U+20A0-20AB",
}
# Streamlit's theme option: our token.
THEME = {
    "primaryColor": "data",
    "backgroundColor": "ground",
    "secondaryBackgroundColor": "panel",
    "textColor": "text",
    "borderColor": "line",
    "linkColor": "data",
    "redColor": "act",
    "orangeColor": "watch",
    "yellowColor": "watch",
    "blueColor": "data",
    "greenColor": "data",
    "violetColor": "age",
    "grayColor": "text3",
    "dataframeBorderColor": "line",
    "dataframeHeaderBackgroundColor": "panel",
    "dataframeHeaderTextColor": "text2",
    "codeBackgroundColor": "raised",
    "codeTextColor": "text",
}
HERE = Path(__file__).resolve().parent
CSS_FILE = HERE / "static" / "tokens.css"
CONFIG_FILE = HERE.parent / ".streamlit" / "config.toml"

_CONFIG = """# written by `python -m dashboard.tokens`
[server]
headless = true
address = "127.0.0.1"
enableStaticServing = true
fileWatcherType = "none"

[runner]
magicEnabled = false
# A full collection after every fragment took most of the server's time; dashboard/app.py freezes what is warm instead.
postScriptGC = false

[browser]
gatherUsageStats = false

[client]
toolbarMode = "minimal"
showErrorDetails = "none"
showErrorLinks = false

[logger]
level = "warning"

[theme]
font = "'IBM Plex Sans', sans-serif"
headingFont = "'IBM Plex Sans', sans-serif"
baseFontSize = 16
headingFontSizes = ["2rem", "1.375rem", "1.125rem", "1rem", "0.875rem", "0.875rem"]
headingFontWeights = [600, 600, 600, 600, 600, 600]
metricValueFontSize = "2.5rem"
metricValueFontWeight = 600
baseRadius = "4px"
buttonRadius = "4px"
showWidgetBorder = true
paddingTop = "0.75rem"
paddingBottom = "0.75rem"
"""


def colours(mode: Mode) -> dict[str, str]:
    """Every token of one mode, name to hex."""
    return {name: pair[MODES.index(mode)] for name, pair in PAIRS.items()}


def css() -> str:
    """The tokens as CSS variables; light-dark() follows Streamlit's own colour-scheme, inside components too."""
    rows = [f"  --{name.replace('_', '-')}: light-dark({light}, {dark});" for name, (dark, light) in PAIRS.items()]
    return "/* written by `python -m dashboard.tokens` */\n:root {\n" + "\n".join(rows) + "\n}\n"


def config() -> str:
    """Streamlit's config.toml: the server's options, the font faces and both themes."""
    faces = [
        f'[[theme.fontFaces]]\nfamily = "IBM Plex Sans"\nurl = "app/static/plex-{part}.woff2"\n'
        f'weight = "100 700"\nunicodeRange = "{reach}"\n'
        for part, reach in UNICODE_RANGES.items()
    ]
    return "\n".join([_CONFIG, *faces, *(_theme(mode) for mode in MODES)])


def _theme(mode: Mode) -> str:
    tone = colours(mode)
    lines = [f'{option} = "{tone[name]}"' for option, name in THEME.items()]
    categories = [tone[name] for name in ("data", "watch_mark", "age", "usual", "act")]
    for option, ramp in (("Categorical", categories), ("Sequential", COUNTS[mode]), ("Diverging", RATIO[mode])):
        lines.append(f"chart{option}Colors = [" + ", ".join(f'"{colour}"' for colour in ramp) + "]")
    return f"[theme.{mode}]\n" + "\n".join(lines) + "\n"


@click.command()
def write() -> None:
    """Write static/tokens.css and .streamlit/config.toml."""
    CONFIG_FILE.parent.mkdir(exist_ok=True)
    for path, text in ((CSS_FILE, css()), (CONFIG_FILE, config())):
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {path.relative_to(HERE.parent)}")


if __name__ == "__main__":
    write()
