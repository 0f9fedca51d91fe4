"""The Vega libraries draw an interactive chart under the pages' policy, offline, in a browser."""

import json

import altair

from stillroom.render.csp import POLICY
from stillroom.render.vega import vega_bundle


def test_a_chart_is_interactive_without_evaluating_text_as_code(tmp_path, scratch, page):
    chart = (
        altair.Chart(altair.Data(values=[{"a": 1, "b": 2}, {"a": 3, "b": 4}]))
        .transform_calculate(c="datum.a * datum.b + 1")
        .transform_filter("datum.c > 0")
        .mark_line(point=True)
        .encode(x="a:Q", y="c:Q", tooltip=["a:Q", "c:Q"])
        .interactive()
    )
    (tmp_path / "vega.js").write_bytes(vega_bundle(scratch))
    (tmp_path / "chart.js").write_text(
        f"""vegaEmbed("#chart", {json.dumps(chart.to_dict())}, {{ast: true, actions: false}})
        .then((result) => {{ window.view = result.view; document.title = "drawn"; }})
        .catch((error) => {{ document.title = String(error); }});"""
    )
    (tmp_path / "index.html").write_text(
        f'<!doctype html><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>…</title>'
        f'<div id="chart"></div><script src="vega.js"></script><script src="chart.js"></script>'
    )
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_function("document.title !== '…'")
    assert page.title() == "drawn"
    marks = page.locator("#chart canvas, #chart svg")
    assert marks.count() == 1
    assert page.evaluate("view.scale('y').domain()") == [0, 13]  # of c = 3 and 13
    before = page.evaluate("view.scale('x').domain()")
    box = marks.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"String(view.scale('x').domain()) !== '{before[0]},{before[1]}'")
