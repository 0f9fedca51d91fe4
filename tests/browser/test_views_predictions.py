import re

import numpy as np
import pytest
from playwright.sync_api import expect

from screens import grey
from stillroom.media.kinds import Frames
from stillroom.recipe import Result

BEFORE = [["cat", 0.9], ["dog", 0.0995], ["web", 0.0005]]
AFTER = [[["cat", 1 - p], ["web", p], ["dog", 0.0]] for p in (0.0, 0.25, 0.5)]


def attack(values=(0, 0.1, 0.2), **data):
    greys = np.array([0.2, 0.5, 0.8])[:, None, None] * np.ones((3, 4, 4))
    panels = [
        {"label": "Before", "frames": "before", "top": [BEFORE]},
        {"label": "After", "frames": "after", "top": AFTER},
    ]
    axis = {"name": "size", "label": "Size", "values": list(values), "unit": ""}
    return Result(
        data={"panels": panels, "axis": axis, "follow": ["cat", "web"]} | data,
        assets={
            "before": Frames(np.ones((1, 4, 4)), scale=8),
            "after": Frames(greys, scale=8),
        },
    )


def shares(page):
    return page.locator(".group.shown .panel").last.locator(".bars b").all_inner_texts()


def test_the_slider_changes_the_picture_and_its_classes(view_page, axe):
    page = view_page("predictions", attack(start=1))
    assert shares(page) == ["75.0 %", "25.0 %", "0.0 %"]
    page.get_by_role("slider", name="Size").press("End")
    assert shares(page) == ["50.0 %", "50.0 %", "0.0 %"]
    expect(page.locator(".group:visible")).to_have_count(1)
    assert grey(page.locator(".group.shown .frame").last) == pytest.approx(0.8, abs=0.01)
    expect(page).to_have_url(re.compile(r"#fig-1\.size=0\.2$"))
    assert axe(page, ".view") == []
    page.get_by_role("button", name="Reset").click()
    assert shares(page)[0] == "75.0 %"


def test_texts_make_a_picker_and_one_group_needs_no_control(view_page, axe):
    dark = {"width": 390, "color_scheme": "dark"}
    page = view_page("predictions", attack(["sky", "snow", "sand"]), screen=dark)
    page.get_by_text("snow", exact=True).last.click()
    assert shares(page)[0] == "75.0 %"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert axe(page, ".view") == []


def test_static_form_shows_the_telling_groups(view_page):
    page = view_page("predictions", attack(), screen={"java_script_enabled": False})
    assert page.locator(".at:visible").all_inner_texts() == ["Size 0", "Size 0.2"]
    first = page.locator(".group").first
    assert first.locator(".bars").first.inner_text().split("\n") == [
        "cat", "90.0 %", "dog", "10.0 %", "web", "<0.1 %",
    ]  # fmt: skip
    colours = (
        first.locator(".bars")
        .first.locator("li")
        .evaluate_all("(all) => all.map((e) => e.style.getPropertyValue('--bar').trim())")
    )
    assert colours == ["var(--c1)", "var(--c8)", "var(--c2)"]
    expect(page.locator(".controls")).to_be_hidden()


def test_without_an_axis_there_is_one_group(view_page):
    result = attack(axis=None)
    result.data["panels"] = result.data["panels"][:1]
    page = view_page("predictions", result)
    assert shares(page)[0] == "90.0 %"
    assert page.locator(".controls").count() == 0
