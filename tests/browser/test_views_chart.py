import pytest
from playwright.sync_api import expect

from stillroom.media.kinds import Chart
from stillroom.recipe import Result

ROWS = [{"seed": seed, "accuracy": 0.5 + seed / 100} for seed in range(20)]


def chart(width="container", **data):
    spec = {
        "width": width,
        "height": 180,
        "data": {"values": ROWS},
        "mark": "point",
        "encoding": {
            "x": {"field": "seed", "type": "quantitative"},
            "y": {"field": "accuracy", "type": "quantitative"},
            "tooltip": [{"field": "seed", "type": "quantitative"}],
        },
    }
    table = {key: [row[key] for row in ROWS] for key in ("seed", "accuracy")}
    return Result(data=data, tables={"runs": table}, assets={"dots": Chart(spec)})


@pytest.fixture
def scripts(problems):
    """The scripts a page has loaded."""
    return lambda page: page.evaluate("[...document.scripts].map(s => s.src.split('/').pop())")


def test_vega_is_loaded_on_demand_only(view_page, scripts):
    page = view_page("chart", chart())
    assert not [name for name in scripts(page) if name.startswith("vega.")]
    page.get_by_role("button", name="Explore").click()
    expect(page.locator(".interactive svg")).to_be_visible(timeout=20_000)
    assert len([name for name in scripts(page) if name.startswith("vega.")]) == 1


def test_explore_and_back_keeps_the_height(view_page):
    page = view_page("chart", chart())
    box = page.locator(".chart-box")
    height = box.bounding_box()["height"]
    button = page.get_by_role("button", name="Explore")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".interactive svg")).to_be_visible(timeout=20_000)
    expect(page.locator(".drawing").first).to_be_hidden()
    assert box.bounding_box()["height"] == height
    inner = page.locator(".interactive svg").bounding_box()
    assert inner["height"] <= height + 2
    page.keyboard.press("Escape")
    expect(page.locator(".interactive")).to_have_count(0)
    expect(page.locator(".drawing").first).to_be_visible()


def test_a_mark_of_the_interactive_chart_shows_its_numbers(view_page):
    page = view_page("chart", chart())
    page.get_by_role("button", name="Explore").click()
    marks = page.locator(".interactive svg .mark-symbol path")
    expect(marks).to_have_count(20, timeout=20_000)
    marks.nth(3).hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text("3")


def test_the_interactive_chart_follows_light_and_dark(view_page):
    page = view_page("chart", chart())
    page.get_by_role("button", name="Explore").click()
    label = page.locator(".interactive svg text").first
    expect(label).to_be_visible(timeout=20_000)
    colour = "e => getComputedStyle(e).fill"
    light = label.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    assert label.evaluate(colour) != light


def test_a_library_that_does_not_load_leaves_the_drawing(write_page, new_page, problems):
    path = write_page([("chart", chart(), {})])
    for bundle in (path.parents[2] / "static").glob("vega.*"):
        bundle.unlink()
    page = new_page()
    page.goto(path.as_uri())
    page.locator("figure.live").wait_for()
    page.get_by_role("button", name="Explore").click()
    expect(page.locator("[aria-live]")).to_have_text("The interactive chart could not be loaded")
    expect(page.locator(".drawing").first).to_be_visible()
    expect(page.get_by_role("button", name="Explore")).to_be_visible()
    problems.clear()


def test_static_form_is_a_drawing_and_a_table(view_page):
    page = view_page("chart", chart(), screen={"java_script_enabled": False})
    expect(page.locator(".drawing svg").first).to_be_visible()
    expect(page.get_by_role("button", name="Explore")).to_be_hidden()
    page.get_by_text("Data as a table").click()
    rows = page.locator(".data-table tbody tr")
    assert rows.count() == 20
    assert rows.nth(3).locator("td").all_inner_texts() == ["3", "0.53"]


def test_a_phone_gets_the_narrow_drawing(view_page):
    page = view_page("chart", chart(), screen={"width": 390})
    expect(page.locator(".drawing.narrow svg")).to_be_visible()
    expect(page.locator(".drawing.wide svg")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_chart_with_nothing_to_explore_has_no_button(view_page):
    page = view_page("chart", chart(explore=False))
    assert page.get_by_role("button", name="Explore").count() == 0


def test_is_accessible(view_page, axe):
    page = view_page("chart", chart())
    page.get_by_text("Data as a table").click()
    assert axe(page, ".view", dark=True) == []


def test_drawing_button_and_caption_share_the_left_edge_of_a_wide_figure(view_page):
    page = view_page("chart", chart(), width="page")
    edges = {
        page.locator(part).first.bounding_box()["x"]
        for part in ("figure", ".drawing svg", ".chart-extra", "figcaption")
    }
    assert len(edges) == 1
