import numpy as np
import pytest
from playwright.sync_api import expect

from stillroom.media.kinds import Video
from stillroom.recipe import Result

BELOW = "<p>x</p>" * 200


def film(**data):
    frames = np.linspace(0, 1, 48)[:, None, None, None] * np.ones((48, 64, 96, 3))
    return Result(data=data, assets={"film": Video(frames, fps=24)})


def paused(page):
    return page.locator("video").evaluate("e => e.paused")


def wait_until(page, state):
    for _ in range(100):
        if paused(page) == state:
            return
        page.wait_for_timeout(50)
    pytest.fail(f"the film did not become {'paused' if state else 'playing'}")


def test_nothing_plays_unasked(view_page):
    page = view_page("video", film())
    page.wait_for_timeout(300)
    assert paused(page)
    video = page.locator("video")
    assert video.evaluate("e => [e.controls, e.loop, e.muted, e.preload]") == [
        True, False, False, "metadata",
    ]  # fmt: skip
    assert video.get_attribute("poster")


def test_autoplay_is_silent_and_on_screen_only(view_page):
    page = view_page("video", film(autoplay=True, loop=True), prose=BELOW)
    wait_until(page, False)
    assert page.locator("video").evaluate("e => e.muted && e.loop")
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    wait_until(page, True)
    page.locator("video").scroll_into_view_if_needed()
    wait_until(page, False)


def test_a_reader_who_pauses_is_obeyed(view_page):
    page = view_page("video", film(autoplay=True, loop=True), prose=BELOW)
    wait_until(page, False)
    page.locator("video").focus()
    page.keyboard.press("Space")
    wait_until(page, True)
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    page.wait_for_timeout(200)
    page.locator("video").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert paused(page)


def test_reduced_motion_stops_autoplay(view_page):
    page = view_page("video", film(autoplay=True), screen={"reduced_motion": "reduce"})
    page.wait_for_timeout(300)
    assert paused(page)


def test_static_form_plays_with_the_browsers_own_controls(view_page):
    page = view_page(
        "video", film(), alt="A film.", screen={"java_script_enabled": False, "width": 390}
    )
    video = page.locator("video")
    expect(video).to_be_visible()
    assert video.get_attribute("aria-label") == "A film."
    assert video.get_attribute("autoplay") is None
    assert page.locator("video").bounding_box()["width"] <= 390


def test_print_shows_the_poster(view_page):
    page = view_page("video", film())
    page.emulate_media(media="print")
    expect(page.locator(".print-poster")).to_be_visible()
    expect(page.locator("video")).to_be_hidden()


def test_is_accessible(view_page, axe):
    page = view_page("video", film())
    assert axe(page, ".view") == []
