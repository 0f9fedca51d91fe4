import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow
from playwright.sync_api import expect

from screens import grey
from stillroom.media.kinds import Frames, Image
from stillroom.recipe import Result

VALUES = [1, 10, 100, 1000]
GREYS = {"cat": [0.0, 0.2, 0.4, 0.6], "cup": [0.3, 0.5, 0.7, 1.0]}


def scrub(choices=("cat", "cup"), **data):
    """A flat grey for each frame, so that a pixel tells which frame of which choice is shown."""
    assets = {}
    for name in choices:
        greys = np.array(GREYS[name])[:, None, None]
        assets[name] = Frames(np.broadcast_to(greys, (4, 4, 5)), columns=2, scale=8)
        assets[f"{name}-original"] = Image(np.full((4, 5), 0.9), scale=8)
    curve = {"table": "curve", "x": "waves", "y": list(choices), "label": "Error", "log": False}
    return Result(
        data={
            "axis": {"name": "waves", "label": "Waves", "values": VALUES, "unit": ""},
            "choices": [
                {"name": n, "label": n.title(), "frames": n, "original": f"{n}-original"}
                for n in choices
            ],
            "start": {"axis": 1, "choice": 0},
            "curve": curve,
        }
        | data,
        tables={"curve": {"waves": VALUES, "cat": [0.8, 0.4, 0.2, 0.0], "cup": [0.4, 0.3, 0.1, 0]}},
        assets=assets,
    )


def shows(page, value, choice="cat"):
    expect(page.locator("[data-text=value]")).to_have_text(str(value))
    # The curve follows at once, the canvas when the sheet is decoded.
    expected = GREYS[choice][VALUES.index(value)]
    for _ in range(20):
        if grey(page.locator("[data-screen=frame]")) == pytest.approx(expected, abs=0.02):
            return
        page.wait_for_timeout(50)
    assert grey(page.locator("[data-screen=frame]")) == pytest.approx(expected, abs=0.02)


def test_slider_goes_through_the_frames_by_keyboard(view_page):
    page = view_page("scrubber", scrub())
    shows(page, 10)
    slider = page.get_by_role("slider", name="Waves")
    slider.focus()
    for key, value in [("ArrowRight", 100), ("End", 1000), ("ArrowLeft", 100), ("Home", 1)]:
        page.keyboard.press(key)
        shows(page, value)
        assert slider.get_attribute("aria-valuetext") == str(value)
    expect(page.locator("[data-text=error]")).to_have_text("0.8")
    expect(page).to_have_url(re.compile(r"#fig-1\.waves=1$"))


def test_slider_goes_through_the_frames_by_mouse(view_page):
    page = view_page("scrubber", scrub())
    box = page.get_by_role("slider", name="Waves").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.68, box["y"] + box["height"] / 2)
    shows(page, 100)


def test_picker_changes_frames_original_and_curve(view_page):
    page = view_page("scrubber", scrub())
    page.get_by_role("radio", name="Cup").click()
    shows(page, 10, "cup")
    expect(page.locator("[data-text=error]")).to_have_text("0.3")
    expect(page.locator("[data-screen=original]")).to_have_attribute("aria-label", "Original: Cup")
    expect(page.locator(".series").nth(1)).to_have_class("series chosen")
    page.get_by_role("radio", name="Cup").focus()
    page.keyboard.press("ArrowLeft")
    shows(page, 10, "cat")


def test_curve_can_be_dragged_along_and_its_marker_follows(view_page):
    page = view_page("scrubber", scrub())
    plot = page.locator(".plot").bounding_box()
    middle = plot["y"] + plot["height"] / 2
    page.mouse.move(plot["x"] + 2, middle)
    page.mouse.down()
    shows(page, 1)
    page.mouse.move(plot["x"] + plot["width"] * 0.65, middle, steps=3)
    page.mouse.up()
    shows(page, 100)
    marker = page.locator(".marker").bounding_box()
    across = (marker["x"] + marker["width"] / 2 - plot["x"]) / plot["width"]
    assert across == pytest.approx(2 / 3, abs=0.01)  # 100 on a logarithmic axis from 1 to 1000


WATCH = """() => {
  const shown = document.querySelector("[data-text=value]");
  window.seen = [];
  new MutationObserver(() => window.seen.push(shown.textContent))
    .observe(shown, { childList: true, characterData: true, subtree: true });
}"""


def test_play_runs_to_the_end_and_rewinds(view_page):
    page = view_page("scrubber", scrub())
    play = page.locator("[data-action=play]")
    page.evaluate(WATCH)
    page.get_by_role("slider", name="Waves").focus()
    page.keyboard.press("Space")
    shows(page, 1000)
    expect(play).to_have_text("Play")
    assert page.evaluate("window.seen") == ["100", "1000"]
    play.click()
    shows(page, 1000)
    expect(play).to_have_text("Play")
    assert page.evaluate("window.seen") == ["100", "1000", "1", "10", "100", "1000"]


def test_play_pauses(view_page):
    page = view_page("scrubber", scrub())
    play = page.locator("[data-action=play]")
    assert play.evaluate("b => { b.click(); return b.textContent.trim(); }") == "Pause"
    assert play.evaluate("b => { b.click(); return b.textContent.trim(); }") == "Play"


def test_step_and_reset(view_page):
    page = view_page("scrubber", scrub())
    page.get_by_role("button", name="Step").click()
    shows(page, 100)
    page.get_by_role("radio", name="Cup").click()
    page.get_by_role("button", name="Reset").click()
    shows(page, 10, "cat")
    expect(page).to_have_url(re.compile("html$"))


def test_state_is_read_from_the_address(view_page):
    page = view_page("scrubber", scrub(), fragment="#fig-1.waves=1000&fig-1.choice=cup")
    shows(page, 1000, "cup")


def test_a_page_variable_between_two_values_shows_the_nearest_and_says_so(view_page):
    page = view_page(
        "scrubber",
        scrub(),
        bind={"waves": "n"},
        variables={"n": {"initial": 70, "values": [1, 10, 70, 1000]}},
    )
    shows(page, 100)
    expect(page.locator(".slider output")).to_have_text("100 (nearest to 70)")


def test_one_choice_has_no_picker_and_needs_no_original_nor_curve(view_page):
    result = scrub(("cat",), curve=None)
    result.data["choices"][0]["original"] = None
    del result.data["start"]
    page = view_page("scrubber", result, width="text")
    shows(page, 1000)
    assert page.get_by_role("radio").count() == 0
    assert page.locator(".plot, .original").count() == 0


def together():
    result = scrub(together=True)
    for choice in result.data["choices"]:
        choice["original"] = None
    return result


def test_choices_stand_together_under_one_slider(view_page, axe):
    page = view_page("scrubber", together())
    assert page.get_by_role("radio").count() == 0
    page.get_by_role("slider", name="Waves").press("End")
    expect(page.locator("[data-text=error]").first).to_have_text("0")
    assert page.locator("[data-text=error]").all_inner_texts() == ["0", "0"]
    page.get_by_role("slider", name="Waves").press("ArrowLeft")
    assert page.locator("[data-text=error]").all_inner_texts() == ["0.2", "0.1"]
    page.wait_for_timeout(100)
    screens = page.locator("[data-screen=frame]").all()
    assert [grey(screen) for screen in screens] == pytest.approx([0.4, 0.7], abs=0.02)
    boxes = [screen.bounding_box() for screen in screens]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
    plot = page.locator(".plot").bounding_box()
    heights = [each.bounding_box() for each in page.locator(".marker").all()]
    middles = [(b["y"] + b["height"] / 2 - plot["y"]) / plot["height"] for b in heights]
    assert middles == pytest.approx([1 - 0.2 / 0.8, 1 - 0.1 / 0.8], abs=0.02)
    assert axe(page, ".view") == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert axe(page, ".view", dark=True) == []


BESIDE = {"label": "moved", "y": ["cup", "cat"]}


def test_a_second_number_follows_the_slider_and_the_choice(view_page):
    result = scrub()
    result.data["curve"]["beside"] = BESIDE
    page = view_page("scrubber", result)
    number = page.locator("[data-text=beside]")
    expect(number).to_have_text("0.3")
    page.get_by_role("slider", name="Waves").press("Home")
    expect(number).to_have_text("0.4")
    page.get_by_role("radio", name="Cup").click()
    expect(number).to_have_text("0.8")
    expect(page.locator("[data-text=error]")).to_have_text("0.4")


def test_each_panel_has_its_second_number(view_page):
    result = together()
    result.data["curve"]["beside"] = BESIDE
    page = view_page("scrubber", result)
    page.get_by_role("slider", name="Waves").press("ArrowRight")
    expect(page.locator("[data-text=error]")).to_have_text(["0.2", "0.1"])
    expect(page.locator("[data-text=beside]")).to_have_text(["0.1", "0.2"])


@pytest.mark.parametrize("width", [390, 1280])
def test_frames_are_crisp_and_nothing_overflows_or_shifts(view_page, width):
    page = view_page("scrubber", scrub(), screen={"width": width})
    canvas = page.locator("canvas")
    assert canvas.evaluate("e => getComputedStyle(e).imageRendering") == "pixelated"
    box, frame = canvas.bounding_box(), page.locator("[data-screen=frame]").bounding_box()
    assert box == frame
    assert box["width"] / box["height"] == pytest.approx(5 / 4, abs=0.01)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_static_form_shows_the_telling_frames_of_every_choice(view_page):
    page = view_page("scrubber", scrub(), screen={"java_script_enabled": False})
    table = page.locator(".multiples")
    expect(table).to_be_visible()
    assert table.locator("thead th").all_inner_texts()[-2:] == ["1000", "Original"]
    assert table.get_by_role("img", name="Cup, Waves 100", exact=True).count() == 1
    assert table.locator("tbody tr").count() == 2
    expect(page.locator(".curve")).to_be_visible()
    expect(page.locator(".legend")).to_be_visible()
    for hidden in (".main", ".original", ".controls", ".marker"):
        expect(page.locator(hidden)).to_be_hidden()


def test_a_frame_of_the_sheet_shows_nothing_of_its_neighbours(view_page):
    page = view_page("scrubber", scrub(), screen={"java_script_enabled": False, "width": 811})
    frames = page.locator(".multiples .frame")
    for index, expected in enumerate(GREYS["cat"]):
        picture = Pillow.open(BytesIO(frames.nth(index).screenshot())).convert("L")
        inner = picture.crop((1, 1, picture.width - 1, picture.height - 1))
        low, high = inner.getextrema()
        assert (low / 255, high / 255) == pytest.approx((expected, expected), abs=0.02)


def test_print_shows_the_static_form(view_page):
    page = view_page("scrubber", scrub())
    page.emulate_media(media="print")
    expect(page.locator(".multiples")).to_be_visible()
    expect(page.locator(".main")).to_be_hidden()


def test_missing_pictures_bring_the_static_form_back(write_page, new_page, problems):
    path = write_page([("scrubber", scrub(), {})])
    for sheet in path.parent.glob("fig-1-cat.*"):
        sheet.write_bytes(b"not a picture")
    page = new_page()
    page.goto(path.as_uri())
    expect(page.locator("figure.failed")).to_be_visible()
    expect(page.locator(".multiples")).to_be_visible()
    expect(page.locator(".controls")).to_be_hidden()
    assert "its pictures did not load" in page.locator(".view-error").inner_text()
    problems.clear()


def test_is_accessible(view_page, axe):
    page = view_page("scrubber", scrub())
    assert axe(page, ".view", dark=True) == []


def test_a_column_that_two_choices_name_is_one_line(view_page):
    result = together()
    again = {"name": "saucer", "label": "Saucer", "frames": "cup", "original": None}
    result.data["choices"].append(again)
    result.data["curve"]["y"] = ["cat", "cup", "cup"]
    page = view_page("scrubber", result)
    page.get_by_role("slider", name="Waves").press("ArrowRight")
    errors = page.locator("[data-text=error]")
    expect(errors).to_have_text(["0.2", "0.1", "0.1"])
    for part in (".series", ".marker", ".legend li"):
        expect(page.locator(part)).to_have_count(2)
    colours = page.locator(".panel").evaluate_all(
        "panels => panels.map((each) => getComputedStyle(each).getPropertyValue('--series'))"
    )
    assert colours[0] != colours[1] == colours[2]
