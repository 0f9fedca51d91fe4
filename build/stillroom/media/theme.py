"""How charts look: a Vega-Lite configuration whose colours are the page's CSS variables.

A chart drawn as SVG therefore follows light and dark. The value after the comma in each
``var(--name, value)`` is for an SVG looked at by itself. A recipe may use the same variables:
``alt.value("var(--c2, #d55e00)")`` or, shorter, ``alt.value(theme.category(2))``.
"""

from __future__ import annotations

from typing import Any

from stillroom.media import palette

INK = "var(--ink, #211f1c)"
MUTED = "var(--muted, #66615a)"
RULE = "var(--rule, #a9a6a2)"
HAIRLINE = "var(--hairline, #e2e0dc)"
ACCENT = "var(--accent, #9c4113)"
# In the page a style sheet may say otherwise; here it decides how wide a label is taken to be.
FONT = "Inter, system-ui, sans-serif"

WIDTH = 600  # of a chart without a width of its own
NARROW = 330  # the same on a phone
HEIGHT = 300


def category(number: int) -> str:
    """Return the colour of category `number`, 1 to 8, as a CSS variable with its value."""
    return f"var(--c{number}, {palette.CATEGORIES[number - 1][0]})"


def config() -> dict[str, Any]:
    """Return the configuration: thin rules, no frame, one accent, text in the interface's size."""
    text = {"font": FONT, "fontSize": 13}
    label = {"labelFont": FONT, "labelFontSize": 12, "labelColor": MUTED}
    title = {"titleFont": FONT, "titleFontSize": 13, "titleColor": INK, "titleFontWeight": 500}
    return {
        # What a chart shows is said by the figure's alternative text and its table.
        "aria": False,
        "background": None,
        "padding": 4,
        "font": FONT,
        "title": {**text, "color": INK, "fontWeight": 600, "anchor": "start", "offset": 12},
        "view": {"stroke": None, "continuousWidth": WIDTH, "continuousHeight": HEIGHT},
        "axis": {
            **label,
            **title,
            "labelPadding": 6,
            "titlePadding": 10,
            "domainColor": RULE,
            "tickColor": RULE,
            "gridColor": HAIRLINE,
            "tickSize": 4,
        },
        "axisX": {"grid": False},
        "axisY": {"domain": False, "ticks": False},
        "legend": {
            **label,
            **title,
            "symbolType": "circle",
            "symbolStrokeWidth": 0,
            "symbolBaseFillColor": MUTED,
            "symbolOpacity": 1,  # else a pale band would make its swatch pale
        },
        "header": {**label, **title},
        "text": {**text, "color": INK},
        "mark": {"color": ACCENT},
        "rule": {"color": MUTED},
        "line": {"strokeWidth": 2, "strokeCap": "round", "strokeJoin": "round"},
        "point": {"filled": True, "size": 42},
        "errorbar": {"thickness": 2},
        "range": {
            "category": [category(number) for number in range(1, len(palette.CATEGORIES) + 1)],
            "ramp": list(palette.stops("sequential")),
            "heatmap": list(palette.stops("sequential")),
            "ordinal": list(palette.stops("sequential")),
            "diverging": list(palette.stops("diverging")),
        },
    }
