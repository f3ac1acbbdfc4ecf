"""Text as somebody from outside might send it, to become markup, SQL, a formula, a log line or a program somewhere on its way. No I/O.

Whoever shows or writes such text must show it as it is. In a browser, `window.__hacked` stays unset and `UNREACHABLE` is never asked for.
"""

UNREACHABLE = "hostile.invalid"  # no name under .invalid is ever anybody's

MARKUP = {
    "script": "<script>window.__hacked=1</script>",
    "image": f'<img src="http://{UNREACHABLE}/a.png" onerror="window.__hacked=2">',
    "svg": "<svg onload=window.__hacked=3><style>*{display:none}</style>",
    "closing tag": "</textarea></div></script><b id=hostile>bold</b>",
    "attribute": '" onmouseover="window.__hacked=4" x=\'',
    "link": "[press here](javascript:window.__hacked=5)",
    "picture": f"![a](http://{UNREACHABLE}/b.png)",
    "heading": "# Heading **bold** _it_ `code` ~~gone~~ | a | b |",
    "icon": ":material/delete: :red[danger] :blue-badge[x] :streamlit: :small[a]",
    "formula": r"$\frac{1}{2}$ $$x^2$$ \(y\)",
    "entity": "&lt;b&gt;&amp;#60;&#60;i&#62;",
}
TEMPLATES = {
    "vega": "datum['x']; warn(1) + isValid(event.item) '\"",
    "tooltip": "{name} {cell} {{7*7}} ${window.__hacked=6} {0.__class__} %s %(a)s %n",
    "typst": '#panic("hacked") #include "/etc/passwd" $x$ *b* @ref <label> \\ // /* a */ #let',
    "shell": "$(touch /tmp/hacked) `id` && || ; | > < \\",
}
STORED = {
    "sql": "'; DROP TABLE contact; -- \" $$ \\' ) OR 1=1",
    "copy": "a\\tb \\N \\. \\\\",
    "equals": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(1+1)",
    "quote and comma": '"a",b;c\'',
}
UNSEEN = {  # characters that are not seen, or change how others are
    "ansi": "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "right to left": "\u202eevil\u202c \u2066x\u2069 שלום",
    "zero width": "a\u200bb\u200dc\ufeff\u00ad",
    "combining": "z\u0351\u036b\u0343\u036a" * 5,
    "emoji": "🚧👩‍🚒🇺🇸",
    "separators": "a\u2028b\u2029c\u0085d",
}
LINES = {
    "line": "first\n2026-01-01 00:00:00,000 CRITICAL root: forged line",
    "carriage return": "first\r=1+1\r\nsecond",
    "tab": "\t=1+1",
}
LONG = {"long word": "W" * 400}
BROKEN = {"nul": "a\x00b", "surrogate": "a\ud800b"}  # no text that a database can keep

ONE_LINE = MARKUP | TEMPLATES | STORED | UNSEEN
ALL = ONE_LINE | LINES | LONG
EVERYTHING = ALL | BROKEN
