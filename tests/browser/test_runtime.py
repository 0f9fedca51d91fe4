"""The runtime of pages: state, the URL, the life of a figure, and what happens when one fails."""

import numpy as np
import pytest

from stillroom import Packed, Result

VARIABLES = {"components": {"initial": 100, "values": [1, 10, 100, 1000]}}
PROSE = """<p>With <label class="prose-control prose-slider" data-control="slider"
data-variable="components" data-values="[1, 10, 100, 1000]"><input type="range" min="0" max="3"
value="2" aria-label="waves"><output>100</output></label> waves,
<output data-value="components">100</output> in all, the error is
<output class="fact" data-lookup="components"
data-rows='[[1, "0.9"], [10, "0.5"], [100, "0.2"]]'>0.2</output>.
</p>"""
HTML = """{% import "controls.html" as controls %}
<p data-text="static">{{ result.facts.start }}</p>
{{ controls.slider("m", "Waves", values=[1, 10, 100, 1000], value=100, unit=" px") }}
{{ controls.slider("e", "Epsilon", min=-0.3, max=0.3, step=0.05, value=0) }}
{{ controls.picker("p", "Picture", [["cat", "Cat"], ["dog", "Dog"]], "cat") }}
{{ controls.picker("q", "Number", [1, 2, 3, 4, 5, 6], 3) }}
{{ controls.toggle("t", "Show") }}
{{ controls.buttons(play=true, step=true, reset=true) }}"""
SCRIPT = """stillroom.view("probe", class {
  constructor(root, payload, figure) {
    Object.assign(this, {root, payload, figure, events: []});
    window.views = {...window.views, [figure.name]: this};
    if (payload.data.fail === "constructor") {
      root.textContent = "half";
      throw new Error("no luck");
    }
  }
  ready() {
    const {root, figure} = this;
    this.m = figure.state("m", 100);
    this.e = figure.state("e", 0);
    this.p = figure.state("p", "cat");
    this.q = figure.state("q", 3);
    this.t = figure.state("t", false);
    this.list = figure.state("list", [1, 2]);
    this.none = figure.state("none", null);
    stillroom.bindSlider(root, "m", this.m);
    stillroom.bindSlider(root, "e", this.e);
    stillroom.bindPicker(root, "p", this.p);
    stillroom.bindPicker(root, "q", this.q);
    stillroom.bindToggle(root, "t", this.t);
    const text = root.querySelector("[data-text]");
    const draw = () => { text.textContent = `${this.m.value} ${this.p.value}`; };
    this.m.on(draw);
    this.p.on(draw);
    if (this.payload.data.fail === "callback") this.p.on(() => { throw new Error("too late"); });
    figure.reset(() => this.events.push("reset"));
    figure.theme(() => this.events.push("theme"));
    this.ticks = 0;
    this.player = figure.player(() => (this.ticks += 1) < 1000, {interval: 20});
    draw();
    this.events.push("ready");
  }
  onscreen() { this.events.push("onscreen"); }
  offscreen() { this.events.push("offscreen"); }
});
"""


@pytest.fixture
def probe(tmp_path):
    """A view that uses every service; returns the result it shows."""
    folder = tmp_path / "templates/views/probe"
    folder.mkdir(parents=True)
    (folder / "view.html").write_text(HTML)
    (folder / "view.js").write_text(SCRIPT)
    return Result(facts={"start": 7}, data={})


@pytest.fixture
def shown(probe, view_page):
    def show(fragment="", **options):
        options = {
            "name": "fig-a",
            "bind": {"m": "components"},
            "variables": VARIABLES,
            "prose": PROSE,
            **options,
        }
        return view_page("probe", options.pop("result", probe), fragment=fragment, **options)

    return show


def state(page, name):
    return page.evaluate(f"views['fig-a'].{name}.value")


@pytest.fixture
def wait_for_hash(until):
    return lambda page, expected: until(page, f"location.hash === {expected!r}")


def text_of(page):
    return " ".join(page.locator(".prose > p").first.inner_text().split())


def test_a_slider_in_prose_drives_text_figure_and_address(shown, wait_for_hash):
    page = shown()
    visited = page.evaluate("history.length")
    slider = page.get_by_role("slider", name="waves", exact=True)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert text_of(page) == "With 10 waves, 10 in all, the error is 0.5."
    assert page.locator("[data-text]").inner_text() == "10 cat"
    assert (
        page.get_by_role("slider", name="Waves", exact=True).get_attribute("aria-valuetext")
        == "10 px"
    )
    wait_for_hash(page, "#components=10")
    page.keyboard.press("End")
    assert text_of(page) == "With 1000 waves, 1000 in all, the error is 0.2 (at 100)."
    page.keyboard.press("Home")
    wait_for_hash(page, "#components=1")
    page.get_by_role("button", name="Reset").click()
    wait_for_hash(page, "")
    assert text_of(page) == "With 100 waves, 100 in all, the error is 0.2."
    assert page.evaluate("history.length") == visited  # no way back through every position


def test_the_address_sets_the_state(shown, until, wait_for_hash):
    page = shown("#fig-a&components=1&fig-a.p=dog&fig-a.t=true&fig-a.list=3,4.5&fig-a.none=9")
    assert [state(page, name) for name in ("m", "p", "t", "list", "none")] == [
        1,
        "dog",
        True,
        [3, 4.5],
        9,
    ]
    assert page.locator("[data-text]").inner_text() == "1 dog"
    assert page.get_by_role("radio", name="Dog").is_checked()
    assert page.get_by_role("switch", name="Show").is_checked()
    assert text_of(page) == "With 1 waves, 1 in all, the error is 0.9."
    page.evaluate("location.hash = '#fig-a.p=dog'")
    until(page, "views['fig-a'].m.value === 100")
    assert state(page, "t") is False
    assert state(page, "p") == "dog"
    page.evaluate("location.hash = '#fig-a'")
    wait_for_hash(page, "#fig-a&fig-a.p=dog")
    assert state(page, "p") == "dog"


def test_state_survives_a_reload(shown, wait_for_hash):
    page = shown()
    page.get_by_role("radio", name="Dog").check(force=True)
    page.get_by_role("switch", name="Show").check()
    page.get_by_role("combobox", name="Number").select_option("5")
    page.get_by_role("slider", name="Epsilon").press("Home")
    wait_for_hash(page, "#fig-a.e=-0.3&fig-a.p=dog&fig-a.q=5&fig-a.t=true")
    page.reload()
    page.locator("figure.live").wait_for()
    assert [state(page, name) for name in ("p", "t", "q", "e")] == ["dog", True, 5, -0.3]
    assert page.locator("[data-name=e] output").inner_text() == "−0.30"


def test_nonsense_in_the_address_is_ignored(shown):
    page = shown("#%E0%A4%A&components=lots&fig-a.t=maybe&fig-a.list=1,x&fig-b.z=1&=&&a=b=c")
    assert [state(page, name) for name in ("m", "t", "list")] == [100, False, [1, 2]]


def test_a_value_beyond_the_declared_ones_is_held_to_them(shown):
    page = shown("#components=99999")
    assert state(page, "m") == 1000


def test_snapping_can_be_seen(shown):
    page = shown("#components=60")
    assert page.locator("[data-name=m] output").inner_text() == "100 px (nearest to 60)"
    assert text_of(page) == "With 60 waves, 60 in all, the error is 0.2 (at 100)."


def test_two_figures_share_a_variable_and_keep_their_own_state(probe, write_page, open_page, until):
    figures = [
        ("probe", probe, {"name": f"fig-{name}", "bind": {"m": "components"}}) for name in "ab"
    ]
    page = open_page(write_page(figures, prose=PROSE, variables=VARIABLES))
    until(page, "document.querySelectorAll('figure.live').length === 2")
    page.locator("#fig-a [data-name=m] input").press("End")
    page.locator("#fig-b").get_by_role("radio", name="Dog").check(force=True)
    assert page.locator("[data-text]").all_inner_texts() == ["1000 cat", "1000 dog"]
    assert page.locator("#fig-a").get_by_role("radio", name="Cat").is_checked()


def test_a_figure_lives_only_when_near(probe, write_page, open_page, until):
    path = write_page(
        [("probe", probe, {"name": "fig-a"})], prose='<div style="height: 6000px"></div>'
    )
    page = open_page(path)
    page.wait_for_timeout(200)
    assert page.evaluate("window.views") is None
    page.locator("#fig-a").scroll_into_view_if_needed()
    page.locator("#fig-a.live").wait_for()
    events = "views['fig-a'].events.join(' ')"
    until(page, f"{events} === 'ready onscreen'")
    page.get_by_role("button", name="Play").click()
    until(page, "views['fig-a'].ticks > 3")
    page.evaluate("scrollTo(0, 0)")
    until(page, f"{events} === 'ready onscreen offscreen'")
    ticks = page.evaluate("views['fig-a'].ticks")
    page.wait_for_timeout(120)
    assert page.evaluate("views['fig-a'].ticks") == ticks


def test_playing(shown, until):
    page = shown()
    play = page.locator("[data-action=play]")
    play.click()
    until(page, "views['fig-a'].ticks > 2")
    assert play.inner_text() == "Pause"
    page.keyboard.press("Escape")
    assert play.inner_text() == "Play"
    ticks = page.evaluate("views['fig-a'].ticks")
    page.get_by_role("button", name="Step").click()
    assert page.evaluate("views['fig-a'].ticks") == ticks + 1
    page.get_by_role("button", name="Reset").click()
    assert "reset" in page.evaluate("views['fig-a'].events")


def test_a_large_payload_is_a_script_of_its_own(probe, shown, tmp_path):
    array = np.linspace(-1, 3, 30_000).reshape(100, 300)
    page = shown(result=Result(facts={"start": 7}, assets={"a": Packed(array)}))
    assert page.locator("template.payload").count() == 1
    found = page.evaluate(
        "(() => { const a = stillroom.unpack(views['fig-a'].payload.assets.a);"
        " return {shape: a.shape, values: [a[0], a[299], a[29999]]}; })()"
    )
    assert found["shape"] == [100, 300]
    assert found["values"] == pytest.approx([array.flat[i] for i in (0, 299, 29999)], abs=1e-4)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_packed_arrays_come_back(shown, bits):
    array = np.sin(np.arange(12)).reshape(3, 4)
    page = shown(result=Result(facts={"start": 7}, assets={"a": Packed(array, bits=bits)}))
    found = page.evaluate("[...stillroom.unpack(views['fig-a'].payload.assets.a)]")
    assert found == pytest.approx(array.ravel().tolist(), abs=2 / 2**bits if bits < 32 else 1e-6)


def test_a_view_that_fails_leaves_its_static_form(probe, write_page, open_page, problems):
    broken = Result(facts={"start": 7}, data={"fail": "constructor"})
    figures = [("probe", broken, {"name": "fig-a"}), ("probe", probe, {"name": "fig-b"})]
    page = open_page(write_page(figures))
    page.locator("#fig-a.failed").wait_for()
    assert page.locator("#fig-a [data-text]").inner_text() == "7"
    assert "no luck" in page.locator("#fig-a .view-error").inner_text()
    assert page.locator("#fig-a input:visible, #fig-a button:visible").count() == 0
    page.locator("#fig-b.live").wait_for()
    assert len(problems) == 1
    assert "no luck" in problems.pop()


def test_a_view_that_fails_later_says_so(shown, problems):
    page = shown(result=Result(facts={"start": 7}, data={"fail": "callback"}))
    page.get_by_role("radio", name="Dog").check(force=True)
    assert "too late" in page.locator(".view-error").inner_text()
    assert "too late" in problems.pop()
    assert problems == []


def test_a_missing_script_is_told(shown, tmp_path, problems):
    (tmp_path / "templates/views/probe/view.js").unlink()
    page = shown()
    assert "'probe' did not load" in page.locator(".view-error").inner_text()
    assert "did not load" in problems.pop()


def test_a_change_of_theme_reaches_the_view(shown):
    page = shown()
    before = page.evaluate("stillroom.colour('--c1')")
    page.get_by_role("button", name="Switch to dark colours").click()
    assert "theme" in page.evaluate("views['fig-a'].events")
    assert before.startswith("rgb")
    assert page.evaluate("stillroom.colour('--c1')") != before


def test_ramps_end_where_the_maps_of_python_end(shown):
    page = shown()
    ends = page.evaluate(
        "['sequential', 'diverging'].map(n => [stillroom.ramp(n, 0), stillroom.ramp(n, 2)])"
    )
    from stillroom.media import palette

    for name, found in zip(("sequential", "diverging"), ends, strict=True):
        table = palette.table(name)
        assert [tuple(colour) for colour in found] == [table[0], table[-1]]


def test_announcements_are_polite_and_merge(shown, until):
    page = shown()
    page.evaluate("for (const n of [1, 2, 3]) views['fig-a'].figure.announce(`step ${n}`)")
    until(page, "document.querySelector('[aria-live=polite]').textContent === 'step 3'")


def test_reduced_motion_is_told(shown):
    page = shown(screen={"reduced_motion": "reduce"})
    assert page.evaluate("views['fig-a'].figure.reducedMotion") is True


def test_numbers_are_written_for_readers(open_page, write_page):
    page = open_page(write_page())
    expected = {
        0: "0",
        -0.5: "−0.5",
        1 / 3: "0.3333",
        123456: "123456",
        1e-7: "10⁻⁷",
        -1.47e-14: "−1.47 × 10⁻¹⁴",
        2.5e12: "2.5 × 10¹²",
        1999.96: "2000",
    }
    found = {number: page.evaluate(f"stillroom.format({number!r})") for number in expected}
    assert found == expected


def test_axe_finds_nothing_in_controls(shown, axe):
    page = shown()
    page.locator(".figure-footer summary").click()
    assert axe(page, dark=True) == []


def test_controls_are_large_enough_for_a_finger(shown):
    page = shown(screen={"width": 390, "has_touch": True, "is_mobile": True})
    for selector in (".segments label", ".button", "select", ".toggle", "input[type=range]"):
        for each in page.locator(f".view {selector}").all():
            box = each.bounding_box()
            assert box["height"] >= 44, selector


def test_without_script_a_figure_has_no_controls(shown):
    page = shown(screen={"java_script_enabled": False})
    assert page.locator(".view input:visible, .view button:visible").count() == 0
    assert page.locator("[data-text]").inner_text() == "7"
