import json
import re
from xml.etree import ElementTree as ET

import altair as alt
import pytest

from stillroom.media import theme
from stillroom.media.chart import own_ids
from stillroom.media.encode import EncodeError, encode
from stillroom.media.kinds import Chart

ROWS = [{"x": i, "y": i * i % 7, "kind": "abc"[i % 3]} for i in range(12)]


def points(rows=ROWS):
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_point(clip=True)
        .encode(x="x:Q", y="y:Q", color="kind:N")
    )


def text_of(encoded, role="svg"):
    return encoded.files[role].content.decode()


def ids(svg):
    return set(re.findall(r'\bid="([^"]+)"', svg))


def test_a_chart_is_a_specification_and_a_drawing():
    encoded = encode("curve", Chart(points()))
    assert {role: file.name for role, file in encoded.files.items()} == {
        "main": "curve.json",
        "svg": "curve.svg",
    }
    spec = json.loads(encoded.files["main"].content)
    assert spec["data"]["values"] == ROWS
    root = ET.fromstring(text_of(encoded))
    assert (int(root.get("width")), int(root.get("height"))) == (
        encoded.meta["width"],
        encoded.meta["height"],
    )


def test_a_dictionary_is_as_good_as_an_altair_chart():
    with alt.theme.enable("none"):
        spec = points().to_dict()
    assert encode("curve", Chart(spec)) == encode("curve", Chart(points()))


def test_colours_are_variables_of_the_page():
    svg = text_of(encode("curve", Chart(points())))
    for variable in (*map(theme.category, (1, 2, 3)), theme.INK, theme.MUTED, theme.HAIRLINE):
        assert f'"{variable}"' in svg
    # No colour of Vega's own is left over, and no paper is painted.
    literal = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg))
    assert all(value in {"none", "transparent"} or "var(--" in value for value in literal)


def test_the_font_is_named_once_on_the_root():
    svg = text_of(encode("curve", Chart(points())))
    assert svg.count("font-family") == 1
    assert ET.fromstring(svg).get("font-family") == theme.FONT


def test_what_the_chart_configures_itself_wins():
    chart = points().configure_axis(gridColor="#123456").configure_mark(opacity=0.25)
    encoded = encode("curve", Chart(chart))
    assert '"#123456"' in text_of(encoded)
    config = json.loads(encoded.files["main"].content)["config"]
    assert config["axis"]["labelColor"] == theme.MUTED
    assert config["mark"] == {"color": theme.ACCENT, "opacity": 0.25}


def test_a_session_theme_does_not_leak_in():
    plain = encode("curve", Chart(points()))
    with alt.theme.enable("dark"):
        assert encode("curve", Chart(points())) == plain


def test_ids_of_two_charts_differ_and_their_references_hold():
    first = text_of(encode("a", Chart(points())))
    second = text_of(encode("b", Chart(points(ROWS[:5]))))
    assert ids(first)
    assert not ids(first) & ids(second)
    for svg in (first, second):
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= ids(svg)


def test_only_ids_that_exist_are_renamed():
    svg = '<svg><a id="clip7"/><b clip-path="url(#clip7)"/><c href="#else"/><d id="g"/></svg>'
    assert own_ids(svg, "v") == (
        '<svg><a id="v-1"/><b clip-path="url(#v-1)"/><c href="#else"/><d id="v-2"/></svg>'
    )


def test_a_fluid_chart_is_drawn_for_phones_too():
    encoded = encode("curve", Chart(points().properties(width="container")))
    assert encoded.files["narrow"].name == "curve.narrow.svg"
    assert encoded.meta["width"] == theme.WIDTH
    assert ET.fromstring(text_of(encoded)).get("width") == str(theme.WIDTH)
    assert ET.fromstring(text_of(encoded, "narrow")).get("width") == str(theme.NARROW)
    assert not ids(text_of(encoded)) & ids(text_of(encoded, "narrow"))
    assert json.loads(encoded.files["main"].content)["width"] == "container"


@pytest.mark.parametrize(
    ("chart", "message"),
    [
        (alt.Chart("https://example.org/cars.json").mark_point(), r"chart.data loads 'https:"),
        (
            alt.layer(points(), alt.Chart("rows.csv").mark_point()),
            r"chart.layer\[1\].data loads 'rows.csv'",
        ),
        (points().encode(y="nonsense"), "nonsense encoding field is specified without a type"),
        (points().encode(size=alt.value([])), "is an invalid value for"),
        ("a chart", "expected an Altair chart or its dictionary, not a str"),
        ({"mark": "blob", "data": {"values": []}}, "Vega-Lite refused the chart"),
        ({"mark": "point", "data": {"values": [{"x": float("nan")}]}}, "x is nan"),
    ],
)
def test_what_is_no_chart_is_refused(chart, message):
    with pytest.raises(EncodeError, match=message):
        encode("curve", Chart(chart))


def test_a_column_may_be_called_url():
    rows = [{"url": 1, "y": 2}]
    chart = alt.Chart(alt.Data(values=rows)).mark_point().encode(x="url:Q", y="y:Q")
    assert b'"url":1' in encode("curve", Chart(chart)).files["main"].content
