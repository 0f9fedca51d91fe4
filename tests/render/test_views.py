"""A view that is handed a result it cannot show says what it needs."""

from types import SimpleNamespace

import pytest

from stillroom.render.templates import ViewError, make_environment
from stillroom.settings import Settings

SHEET = {"frames": 2, "columns": 2, "width": 5, "height": 4, "scale": 8}
IMAGE = {"width": 5, "height": 4, "scale": 8}
AXIS = {"name": "n", "label": "N", "values": [1, 2], "unit": ""}
CHOICE = {"name": "cat", "label": "Cat", "frames": "cat", "original": None}
CURVE = {"table": "t", "x": "n", "y": ["e"], "label": "Error"}
TABLES = {"t": {"n": [1, 2], "e": [0.5, 0.1]}}


class Text(str):
    def text(self):
        return f"<svg><title>{self}</title></svg>"


def asset(kind, **meta):
    sizes = {"image": IMAGE, "frames": SHEET}.get(kind, {"width": 5, "height": 4})
    roles = {"svg": Text("drawing")} if kind == "chart" else {"poster": "p.png"}
    return SimpleNamespace(kind=kind, href=f"{kind}.png", meta=sizes | meta, **roles)


@pytest.fixture
def show(tmp_path):
    environment = make_environment(Settings(root=tmp_path))

    def render(view, *, data=None, tables=None, **assets):
        figure = SimpleNamespace(
            name="fig-a", number=1, alt="Alt.", width="text", bind={}, recipe="r", params={}
        )
        result = SimpleNamespace(
            facts={}, data=data or {}, tables=tables or {}, assets=assets, draft=False
        )
        template = environment.get_template(f"views/{view}/view.html")
        return template.render(figure=figure, result=result, uid="fig-a")

    return render


LAYER = {"name": "b", "label": "B", "frames": "f", "patches": None, "table": "c"}
CHANNELS = {"c": {"channel": [3, 4]}}
CELLS = {"x": [0, 1], "y": [0, 0], "count": [1, 2], "classes": [[0], [1]]} | {
    "values": [[1.0], [0.5]],
    "patches": [[], []],
}
ATLAS = {"name": "b", "label": "B", "patches": None}
MATRIX = {"columns": {"name": "n", "label": "N", "values": [1, 2]}}
PANEL = {"label": "A", "frames": "f", "top": [[["cat", 0.5]]]}
SHARES = {"name": "n", "label": "N"}


def atlas(cells=CELLS, **data):
    return {
        "layers": [ATLAS | {"levels": [{"frames": "f", "cells": cells}]}],
        "classes": ["cat", "dog"],
    } | data


def scrubber(axis=AXIS, choices=(CHOICE,), **data):
    return {"axis": axis, "choices": list(choices)} | data


@pytest.mark.parametrize(
    "case",
    [
        ("image", {}, {}, {}, "expected an Image asset; this result has none"),
        ("image", {}, {}, {"a": "image", "b": "image"}, r"has 2 \(a, b\): name one in data.image"),
        ("image", {"image": "c"}, {}, {"a": "image"}, "names 'c', which is not an Image asset"),
        ("image-grid", {}, {}, {}, "expected one Frames asset, or Image assets; .* none"),
        ("image-grid", {}, {}, {"a": "frames"}, "data.labels is missing: a list of 2 texts"),
        ("image-grid", {"labels": ["x"]}, {}, {"a": "frames"}, "labels should be a list of 2 .* 1"),
        ("image-grid", {"labels": "xy"}, {}, {"a": "frames"}, "labels should be a list of 2 texts"),
        ("image-grid", {"columns": 0.5}, {}, {"a": "image"}, "columns should be a whole number"),
        ("scrubber", {}, {}, {}, "data.axis is missing"),
        ("scrubber", {"axis": AXIS}, {}, {}, "data.choices is missing"),
        ("scrubber", scrubber({"name": "n"}), {}, {}, "data.axis has no 'label'"),
        ("scrubber", scrubber(AXIS | {"values": [1]}), {}, {}, "two or more numbers, not .1."),
        ("scrubber", scrubber(AXIS | {"values": ["a", "b"]}), {}, {}, "two or more numbers"),
        ("scrubber", scrubber(choices=[]), {}, {}, "one choice or more"),
        ("scrubber", scrubber(choices=[{"name": "x"}]), {}, {}, r"choices\[0\] has no 'label'"),
        ("scrubber", scrubber(), {}, {"dog": "frames"}, "names 'cat', .* not a Frames .* has dog"),
        ("scrubber", scrubber(), {}, {"cat": "image"}, "names 'cat', which is not a Frames asset"),
        (
            "scrubber", scrubber(AXIS | {"values": [1, 2, 3]}), {}, {"cat": "frames"},
            "'cat' has 2 frames, data.axis has 3 values",
        ),
        (
            "scrubber", scrubber(choices=[CHOICE | {"original": "o"}]), {}, {"cat": "frames"},
            "original names 'o', which is not an Image asset",
        ),
        ("scrubber", scrubber(start={"axis": 2}), {}, {"cat": "frames"}, "axis should be below 2"),
        ("scrubber", scrubber(telling=[0, 5]), {}, {"cat": "frames"}, "6 indices below 2"),
        ("scrubber", scrubber(curve={"x": "n"}), {}, {"cat": "frames"}, "curve has no 'table'"),
        ("scrubber", scrubber(curve=CURVE), {}, {"cat": "frames"}, "names 't', which is no table"),
        (
            "scrubber", scrubber(curve=CURVE | {"y": ["q"]}), TABLES, {"cat": "frames"},
            "curve has 'q', which is no column .* it has n, e",
        ),
        (
            "scrubber", scrubber(curve=CURVE | {"y": ["e", "e"]}), TABLES, {"cat": "frames"},
            r"one column, or one a choice \(1\)",
        ),
        (
            "scrubber", scrubber(curve=CURVE | {"beside": {"label": "b", "y": []}}), TABLES,
            {"cat": "frames"}, r"beside should be {label, y}, .* one a choice \(1\)",
        ),
        (
            "scrubber", scrubber(curve=CURVE | {"beside": {"label": "b", "y": ["q"]}}), TABLES,
            {"cat": "frames"}, "curve has 'q', which is no column .* it has n, e",
        ),
        (
            "scrubber", scrubber(AXIS | {"values": [1, 3]}, curve=CURVE), TABLES,
            {"cat": "frames"}, "has no row for 3, a value of data.axis",
        ),
        ("scrubber", scrubber(together=True), {}, {"cat": "frames"}, "shows 2 to 4 .* has 1 ch"),
        ("channels", {}, {}, {}, "data.layers is missing"),
        ("channels", {"layers": [{"name": "b"}]}, {}, {}, r"layers\[0\] has no 'label'"),
        ("channels", {"layers": [LAYER], "numbers": ["p"]}, {}, {}, "a list of {name, label}"),
        ("channels", {"layers": [LAYER]}, CHANNELS, {}, "frames names 'f', which is not a Frames"),
        ("channels", {"layers": [LAYER]}, TABLES, {"f": "frames"}, "'c', which is no table .* t"),
        (
            "channels", {"layers": [LAYER], "numbers": [{"name": "p", "label": "P"}]}, CHANNELS,
            {"f": "frames"}, "the table 'c' has no column 'p'; it has channel",
        ),
        (
            "channels", {"layers": [LAYER]}, {"c": {"channel": [1]}}, {"f": "frames"},
            "'f' has 2 frames, the table 'c' 1 rows",
        ),
        (
            "channels", {"layers": [LAYER | {"telling": [9]}]}, CHANNELS, {"f": "frames"},
            "telling has 9, which is no channel",
        ),
        ("channels", {"layers": [LAYER], "start": 1}, CHANNELS, {"f": "frames"}, "data.start is 1"),
        ("picture-matrix", {}, {}, {"f": "frames"}, "data.columns is missing"),
        ("picture-matrix", {"columns": {"name": "n"}}, {}, {}, "columns has no 'label'"),
        (
            "picture-matrix", MATRIX | {"columns": AXIS | {"values": [1, 2, 1]}}, {},
            {"f": "frames"}, "data.columns.values should differ from one another",
        ),
        ("picture-matrix", MATRIX, {}, {}, "expected a Frames asset; this result has none"),
        (
            "picture-matrix", MATRIX | {"rows": AXIS}, {}, {"f": "frames"},
            "data.frames has 2 pictures; 2 × 2 cells need 4",
        ),
        (
            "picture-matrix", MATRIX | {"frames": "f", "control": "f"}, {}, {"f": "frames"},
            "data.labels should be two texts",
        ),
        (
            "picture-matrix", MATRIX | {"numbers": [{"name": "q", "label": "Q"}]}, TABLES,
            {"f": "frames"}, "numbers has 'q', which is no column of the table 't'; it has n, e",
        ),
        (
            "picture-matrix", MATRIX | {"start": {"row": 1}}, {}, {"f": "frames"},
            "row should be below 1 and column below 2",
        ),
        ("hinton", {}, {}, {}, "name the table with the weights, .* has no tables"),
        ("hinton", {"rows": "R"}, TABLES, {}, "data.columns is missing: what a column"),
        ("hinton", {"rows": "R", "columns": "C"}, {"t": {"n": ["a"]}}, {}, "1 × 0; .* 1 to 4096"),
        (
            "hinton", {"rows": "R", "columns": "C"}, {"t": {"n": ["a"], "x": [None]}}, {},
            "the column 'x' of the table 't' has None, which is no number",
        ),
        (
            "hinton", {"rows": "R", "columns": "C", "patterns": "f"},
            {"t": {"n": ["a"], "x": [1.0]}}, {"f": "frames"}, "has 2 frames, the table 't' 1 rows",
        ),
        ("atlas", {}, {}, {}, "data.layers is missing"),
        ("atlas", {"layers": [ATLAS]}, {}, {}, "data.classes is missing"),
        ("atlas", atlas(layers=[ATLAS]), {}, {}, r"layers\[0\] has no 'levels'"),
        ("atlas", atlas(), {}, {"f": "frames"}, "'f' has 2 frames of 5 × 4 in 2 columns"),
        ("predictions", {}, {}, {}, "data.panels is missing"),
        ("predictions", {"panels": [{"label": "A"}]}, {}, {}, r"panels\[0\] has no 'frames'"),
        ("predictions", {"panels": [PANEL]}, {}, {"f": "frames"}, "2 frames; without .* one"),
        (
            "predictions", {"panels": [PANEL], "axis": SHARES | {"values": [1, 2, 3]}}, {},
            {"f": "frames"}, "'f' has 2 frames; data.axis has 3 values",
        ),
        (
            "predictions",
            {"panels": [PANEL | {"top": [["cat"]]}], "axis": SHARES | {"values": [1, 2]}},
            {}, {"f": "frames"}, "pairs of a class and its probability, not cat",
        ),
        ("compare", {}, {}, {"a": "image"}, "expected two Image assets; this result has 1"),
        ("compare", {"images": ["a", "c"]}, {}, {"a": "image"}, "names 'c', which is not an Image"),
        (
            "compare", {"labels": ["x"]}, {}, {"a": "image", "b": "image"},
            "labels should be two texts",
        ),
        ("compare", {"start": 101}, {}, {"a": "image", "b": "image"}, "a number from 0 to 100"),
        *(
            (
                "compare", {"focus": focus}, {}, {"a": "image", "b": "image"},
                "focus should be two numbers from 0 to 1",
            )
            for focus in (0.5, [0.5], "ab", ["a", 0.5], [0.5, 1.5], [-0.1, 0.5])
        ),
        ("chart", {}, TABLES, {}, "expected a Chart asset; this result has none"),
        ("chart", {}, {}, {"c": "chart"}, "the result has no tables"),
        ("chart", {"table": "u"}, TABLES, {"c": "chart"}, "'u', which is no table .* has t"),
        ("table", {}, {}, {}, "expected one table, .* it has none"),
        ("table", {"table": "u"}, TABLES, {}, "'u', which is no table of this result; it has t"),
        ("table", {"columns": ["z"]}, TABLES, {}, "'z', which is no column .* it has n, e"),
        ("table", {"columns": [{"label": "Z"}]}, TABLES, {}, "which is no column"),
        ("table", {"key": "z"}, TABLES, {}, "data.key is 'z', which is no column"),
        ("table", {"sort": {"column": "z"}}, TABLES, {}, "data.sort.column is 'z'"),
        ("video", {}, {}, {}, "expected a Video asset; this result has none"),
    ],
)  # fmt: skip
def test_a_result_that_does_not_fit_is_refused(show, case):
    view, data, tables, assets, message = case
    with pytest.raises(ViewError, match=f"^{view}: .*{message}"):
        show(view, data=data, tables=tables, **{name: asset(kind) for name, kind in assets.items()})


@pytest.mark.parametrize(
    ("cells", "data", "message"),
    [
        ({"x": [0]}, {}, r"cells has no 'y'; it needs x, y, count"),
        (CELLS | {"count": [1]}, {}, "cells.count has 1 entries, x 2"),
        (CELLS | {"y": [0, 2]}, {}, "x and y should be below 2"),
        (CELLS | {"classes": [[0], [2]]}, {}, "classes has 2; data.classes has 2 names"),
        (CELLS | {"patches": [[0], []]}, {}, "patches has 0; its layer has 0 patches"),
        (CELLS, {"start": {"level": 1}}, "layer should be below 1 and level an index"),
        (CELLS, {"telling": [2]}, "telling should list up to 8 cells of the start level, below 2"),
    ],
)
def test_a_map_whose_cells_do_not_fit_is_refused(show, cells, data, message):
    sheet = asset("frames", frames=4, columns=2, width=4)
    with pytest.raises(ViewError, match=f"^atlas: .*{message}"):
        show("atlas", data=atlas(cells, **data), f=sheet)


def test_patches_are_as_many_for_each_channel(show):
    layers = {"layers": [LAYER | {"patches": "p"}]}
    sheets = {"f": asset("frames"), "p": asset("frames", frames=3)}
    with pytest.raises(ViewError, match="'p' has 3 frames, which is not the same number for each"):
        show("channels", data=layers, tables=CHANNELS, **sheets)


def test_pictures_of_two_shapes_cannot_be_compared(show):
    with pytest.raises(ViewError, match="'a' is 5 × 4 and 'b' 5 × 5; the two must have one shape"):
        show("compare", a=asset("image"), b=asset("image", height=5))


def test_text_of_a_recipe_is_escaped(show):
    choice = CHOICE | {"label": '<b>"cat"</b>'}
    html = show("scrubber", data=scrubber(choices=[choice]), cat=asset("frames"))
    assert "<b>&#34;" not in html
    assert '<b>"cat' not in html
    html = show("table", tables={"t": {"<i>": ["<u>"]}})
    assert "<i>" not in html
    assert "<u>" not in html


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1, 20], ["1", "20"]),
        ([0.5, 0.25], ["0.50", "0.25"]),
        ([0.5, 12], ["0.5", "12.0"]),
        ([123.456, -1.5], ["123.5", "−1.5"]),
        ([1 / 3, 0.5], ["0.3333", "0.5000"]),
        ([4.0, 5.0], ["4", "5"]),
        ([1e-9, 2.5e-9], ["1e−09", "2.5e−09"]),
        ([None, 2], ["–", "2"]),
        ([True, False], ["yes", "no"]),
    ],
)
def test_a_column_shares_its_decimal_places(show, values, shown):
    html = show("table", tables={"t": {"x": values}})
    cells = html.split("<td")[1:] or html.split('<th scope="row"')[1:]
    assert [cell.split(">", 1)[1].split("<")[0] for cell in cells] == shown
