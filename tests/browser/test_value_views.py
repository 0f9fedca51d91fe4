import re

import pytest
from playwright.sync_api import expect

from stillroom.recipe import Result, Run
from stillroom.recipes.value.averager import averager
from stillroom.recipes.value.cliff_world import cliff_world
from stillroom.recipes.value.intersection import intersection
from stillroom.recipes.value.update_terms import update_terms
from stillroom.recipes.value.value_triptych import value_triptych

PATHS = cliff_world(Run(), trajectories=["1,1 RRRDDRRRR", "5,1 UURRRDD", "1,7 LLDDDRRUR"])
TERMS = update_terms(Run())
TRIPTYCH = value_triptych(Run(), seeds=2, episodes=60)
CROSSING = intersection(Run())
FIELDS = averager(Run(), seeds=2, episodes=60)
MOVING = Result(
    data={
        "worlds": {"small": {"rows": 2, "cols": 3, "cells": ["S.G", ".#C"]}},
        "axis": {"name": "step", "label": "Training steps", "values": [1, 10, 1000]},
        "fields": [
            {
                "name": "value",
                "label": "V",
                "world": "small",
                "kind": "value",
                "frames": [[t, -t, None, t / 2, None, None] for t in (0.5, 1, 1.5)],
            },
            {
                "name": "latent",
                "label": "Latent distance",
                "note": "in the last layer",
                "world": "small",
                "kind": "size",
                "from": 3,
                "frames": [[t, 3 * t, None, 0, None, None] for t in (1, 2, 4)],
            },
            {
                "name": "steps",
                "label": "Distance on foot",
                "world": "small",
                "kind": "size",
                "values": [1, 2, None, 0, None, None],
            },
        ],
        "curve": {
            "table": "correlation",
            "x": "step",
            "label": "Rank correlation",
            "y": [{"column": "foot", "label": "on foot"}, {"column": "crow", "label": "straight"}],
        },
    },
    tables={
        "correlation": {
            "step": [1, 10, 1000],
            "foot": [0.1, 0.5, 0.9],
            "foot_low": [0.0, 0.4, 0.8],
            "foot_high": [0.2, 0.6, 0.95],
            "crow": [0.8, 0.6, -0.25],
        }
    },
)
PHONE = {"width": 390, "height": 844, "has_touch": True}
RESULTS = {
    "value-paths": PATHS,
    "value-terms": TERMS,
    "value-triptych": TRIPTYCH,
    "intersection": CROSSING,
    "value-fields": FIELDS,
    "moving value-fields": MOVING,
}
UNIT = 40


def number(text):
    return float(text.replace("−", "-").strip("()=+ \n"))


def text(page, part):
    return page.locator(f'[data-part="{part}"]').inner_text()


def cells(route, cols):
    """The cells a drawn way goes through; its end lies just inside an end of the world."""
    points = [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+)\s+(-?[\d.]+)", route)]
    return [int(y // UNIT) * cols + int(x // UNIT) for x, y in points]


def choose(page, name, label):
    page.locator(f'[data-name="{name}"]').get_by_text(label, exact=True).click()


def shade(values, most):
    return [None if value is None else pytest.approx(value / most, abs=1e-3) for value in values]


def shades(page, selector):
    """--v by state of the cells a selector finds, None for those without colour."""
    found = page.locator(selector).evaluate_all(
        "(all) => all.map((e) => [Number(e.dataset.state), e.style.getPropertyValue('--v')])"
    )
    return {state: float(share) if share else None for state, share in found}


def floor(world):
    return [state for state, cell in enumerate("".join(world["cells"])) if cell in "S."]


@pytest.mark.parametrize("view", RESULTS)
def test_each_is_accessible_and_fits_a_phone(view_page, axe, view):
    page = view_page(view.split()[-1], RESULTS[view], screen=PHONE)
    assert axe(page, ".view", dark=True) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("view", RESULTS)
def test_each_can_be_read_without_script(view_page, view):
    page = view_page(view.split()[-1], RESULTS[view], screen={"java_script_enabled": False})
    shown = page.locator(".view")
    assert shown.locator("svg[aria-label]").count() >= 2
    assert shown.locator("button:visible, input:visible, .js-only:visible").count() == 0
    assert shown.locator('[role="button"], [tabindex]:not(.table-box)').count() == 0


@pytest.mark.parametrize("view", RESULTS)
def test_script_leaves_each_where_it_was(view_page, view):
    boxes = """() => [...document.querySelectorAll(".view svg")].map((svg) => {
      const { top, left, width, height } = svg.getBoundingClientRect();
      return [top + scrollY, left, width, height].map(Math.round);
    }).filter((box) => box[2])"""
    page = view_page(view.split()[-1], RESULTS[view], screen={"lasting": True})
    live = page.evaluate(boxes)
    page.add_init_script(
        "Object.defineProperty(window, 'IntersectionObserver', "
        "{value: class { observe() {} unobserve() {} }})"
    )
    page.reload()
    assert page.locator("figure.live").count() == 0
    assert page.evaluate(boxes) == live


class TestPaths:
    data = PATHS.data

    @pytest.fixture
    def page(self, view_page):
        return view_page("value-paths", PATHS)

    def test_values_stand_in_their_cells(self, page, view_page):
        static = view_page("value-paths", PATHS, screen={"java_script_enabled": False})
        for shown in (page, static):
            for method, values in self.data["values"].items():
                found = shown.locator(f'[data-part="{method}"] .number').all_text_contents()
                expected = [values[state] for state in floor(self.data["world"])]
                assert [number(each) if each else None for each in found] == expected
                cells_shown = shades(shown, f'[data-part="{method}"] .cell.floor')
                assert cells_shown == {
                    state: share
                    for state, share in enumerate(shade(values, 2))
                    if state in cells_shown
                }

    def test_sums_over_paths_come_to_the_values(self, page):
        starts = list(dict.fromkeys(path["from"] for path in self.data["paths"]))
        for source, start in zip(page.locator(".source").all(), starts, strict=True):
            for row, method in zip(source.locator("tbody tr").all(), ("mc", "td"), strict=True):
                terms = [
                    [number(factor) for factor in term.split("×")]
                    for term in row.locator(".term").all_inner_texts()
                ]
                value = self.data["values"][method][start]
                assert sum(weight for weight, _ in terms) == pytest.approx(1)
                assert sum(weight * gain for weight, gain in terms) == pytest.approx(value)
                assert number(row.locator(".value").inner_text()) == pytest.approx(value)

    def test_each_path_is_drawn_whole_and_spliced_ones_say_so(self, page):
        cols = self.data["world"]["cols"]
        for index, path in enumerate(self.data["paths"]):
            for place in (f'.traced[data-path="{index}"]', f'.path[data-path="{index}"]'):
                drawn = page.locator(
                    f"{place if place[1] == 'p' else '[data-part=td] ' + place} .way"
                )
                pieces = [
                    cells(d, cols)
                    for d in drawn.evaluate_all("(a) => a.map((e) => e.getAttribute('d'))")
                ]
                joined = pieces[0] + [state for piece in pieces[1:] for state in piece[1:]]
                assert joined == list(path["states"])
                assert path["real"] == (len(pieces) == 1)
            thumb = page.locator(f'.path[data-path="{index}"]')
            assert thumb.locator(".tag").inner_text() == ("walked" if path["real"] else "spliced")
            assert thumb.locator(".splice").count() == len(pieces) - 1

    def test_a_path_is_traced_by_pointer_and_let_go(self, page):
        spliced = next(i for i, path in enumerate(self.data["paths"]) if not path["real"])
        page.locator(f'.path[data-path="{spliced}"]').hover()
        assert page.locator('[data-part="td"] .traced.lit').count() == 1
        assert page.locator('[data-part="mc"] .traced.lit').count() == 0
        assert "Nobody walked it" in text(page, "says")
        assert page.locator(f'.term.lit[data-path="{spliced}"]').count() == 1
        page.mouse.move(0, 0)
        assert page.locator(".lit").count() == 0
        page.locator('.path[data-path="0"]').hover()
        assert page.locator(".traced.lit").count() == 2
        assert "Nobody" not in text(page, "says")

    def test_paths_are_chosen_with_the_keyboard(self, page, until):
        assert page.locator('.path[tabindex="0"]').count() == 1
        page.locator('.path[tabindex="0"]').focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        chosen = page.locator('.path[aria-pressed="true"]')
        assert chosen.get_attribute("data-path") == "2"
        until(page, "location.hash.includes('fig-1.path=2')")
        page.keyboard.press("End")
        assert page.evaluate("document.activeElement.dataset.path") == "7"
        page.keyboard.press("Home")
        page.keyboard.press("ArrowLeft")
        assert page.evaluate("document.activeElement.dataset.path") == "7"
        page.keyboard.press("Escape")
        assert chosen.count() == 0
        assert page.locator('.path[tabindex="0"]').count() == 1

    def test_a_tap_chooses_and_reset_lets_go(self, view_page):
        page = view_page("value-paths", PATHS, screen=PHONE)
        thumb = page.locator('.path[data-path="1"]')
        assert min(thumb.bounding_box()[side] for side in ("width", "height")) >= 44
        thumb.tap()
        assert thumb.get_attribute("aria-pressed") == "true"
        assert page.locator(".traced.lit").count() == 1
        page.get_by_role("button", name="Reset").tap()
        assert page.locator(".lit").count() == 0

    def test_a_link_brings_the_path_back_and_a_wrong_one_is_ignored(self, view_page):
        page = view_page("value-paths", PATHS, fragment="#fig-1&fig-1.path=1")
        assert page.locator('.path.lit[data-path="1"]').count() == 1
        wrong = view_page("value-paths", PATHS, fragment="#fig-1&fig-1.path=99")
        assert wrong.locator(".lit").count() == 0

    @pytest.mark.parametrize(("motion", "count"), [("reduce", 0), ("no-preference", 2)])
    def test_a_dot_walks_only_where_motion_is_welcome(self, view_page, motion, count):
        page = view_page("value-paths", PATHS, screen={"reduced_motion": motion})
        walkers = """() => {
          document.querySelector('.path[data-path="0"]').click();
          return document.querySelectorAll(".walker").length;
        }"""
        assert page.evaluate(walkers) == count
        expect(page.locator(".walker")).to_have_count(0)


class TestTerms:
    data = TERMS.data

    @pytest.fixture
    def page(self, view_page):
        return view_page("value-terms", TERMS)

    def panel(self, page, name):
        return page.locator(f'.panel[data-update="{name}"]')

    def test_two_updates_stand_side_by_side_all_without_script(self, page, view_page):
        visible = ".panel:visible .title"
        assert page.locator(visible).all_inner_texts() == ["Monte Carlo", "TD"]
        labels = [each["label"] for each in self.data["updates"]]
        for each in labels[1:]:
            choose(page, "update", each)
            assert page.locator(visible).all_inner_texts() == ["Monte Carlo", each]
        static = view_page("value-terms", TERMS, screen={"java_script_enabled": False})
        assert static.locator(visible).all_inner_texts() == labels
        page.emulate_media(media="print")
        assert page.locator(visible).all_inner_texts() == labels

    def test_equations_are_spelt_and_come_to_their_targets(self, page):
        for update in self.data["updates"]:
            lines = self.panel(page, update["name"]).locator(".line")
            for shown, tokens in zip(lines.all(), update["lines"], strict=True):
                wanted = "".join(token["text"] for token in tokens)
                plain = re.sub(r"[\s_{}]", "", wanted)
                assert re.sub(r"\s", "", shown.text_content()) == plain
            target = self.panel(page, update["name"]).locator(".target b").text_content()
            assert number(target) == pytest.approx(update["target"], abs=0.005)
        assert page.locator(".line sub", has_text="t+1").count() > 0

    def test_every_term_has_its_paths(self, page):
        cols = self.data["world"]["cols"]
        for update in self.data["updates"]:
            for term in update["terms"]:
                group = self.panel(page, update["name"]).locator(
                    f'.paths[data-term="{term["id"]}"]'
                )
                drawn = group.locator(".way").evaluate_all(
                    "(a) => a.map((e) => e.getAttribute('d'))"
                )
                ways = [list(states) for states in term["states"] if len(states) > 1]
                assert [cells(d, cols) for d in drawn] == ways
                assert group.locator(".spot").count() == len(term["states"]) - len(ways)

    def test_a_term_and_its_paths_light_up_together(self, page):
        td = self.panel(page, "td")
        td.locator(".token", has_text="E[ r").first.hover()
        lit = td.locator(".lit").evaluate_all("(a) => a.map((e) => e.dataset.term).filter(Boolean)")
        assert sorted(lit) == ["crossing", "crossing"]
        assert self.panel(page, "mc").locator(".lit").count() == 0
        td.locator('.term[data-term="step"]').hover()
        assert page.locator('.panel:visible .paths.lit[data-term="step"]').count() == 2
        td.locator(".token").nth(2).hover()
        assert td.locator(".paths.lit").count() == 2
        page.mouse.move(0, 0)
        assert page.locator(".lit").count() == 0

    def test_terms_are_chosen_with_the_keyboard(self, page, until):
        row = self.panel(page, "td").locator('.term[data-term="beyond"]')
        row.focus()
        page.keyboard.press("Enter")
        assert row.get_attribute("aria-pressed") == "true"
        until(page, "location.hash.includes('fig-1.term=beyond')")
        expect(page.locator("[aria-live=polite]")).to_contain_text("paths that cross those")
        page.keyboard.press("Shift+Tab")
        assert (
            "lighting" in self.panel(page, "mc").get_attribute("class")
            or page.locator('.paths.lit[data-term="crossing"]').count()
        )
        page.keyboard.press("Escape")
        assert row.get_attribute("aria-pressed") == "false"
        page.keyboard.press("Space")
        assert page.locator('.term[aria-pressed="true"]').count() == 1

    def test_a_link_brings_update_and_term_back(self, view_page):
        page = view_page(
            "value-terms", TERMS, fragment="#fig-1&fig-1.update=q-learning&fig-1.term=best"
        )
        assert page.locator('.panel:visible .paths.lit[data-term="best"]').count() == 1
        page.get_by_role("button", name="Reset").click()
        assert page.locator(".lit").count() == 0
        assert self.panel(page, "td").is_visible()
        wrong = view_page("value-terms", TERMS, fragment="#fig-1&fig-1.update=mc&fig-1.term=no")
        assert wrong.locator(".panel:visible").count() == 2


class TestTriptych:
    data = TRIPTYCH.data
    most = max(
        2.0,
        *(
            abs(value)
            for each in TRIPTYCH.data["algorithms"]
            for row in (each["V"], *each["Q"])
            for value in row
            if value is not None
        ),
    )

    @pytest.fixture
    def page(self, view_page):
        return view_page("value-triptych", TRIPTYCH)

    def greedy_way(self, algorithm):
        cols, cell_of = self.data["world"]["cols"], "".join(self.data["world"]["cells"])
        moves = [-cols, 1, cols, -1]
        way = [cell_of.index("S")]
        while cell_of[way[-1]] in "S." and way[-1] not in way[:-1]:
            shares = [row[way[-1]] for row in algorithm["policy"]]
            if shares[0] is None:
                break
            move = shares.index(max(shares))
            column = way[-1] % cols + (move == 1) - (move == 3)
            following = way[-1] + moves[move]
            if not (0 <= column < cols and 0 <= following < len(cell_of)):
                break
            way.append(following)
        return way

    def test_every_algorithm_is_shown_as_it_is(self, page):
        states = floor(self.data["world"])
        cols = self.data["world"]["cols"]
        for algorithm in self.data["algorithms"]:
            choose(page, "algorithm", algorithm["label"])
            V = algorithm["V"]
            assert shades(page, '[data-part="v"] .cell:is(.floor, .start)') == {
                state: shade(V, self.most)[state] for state in states
            }
            found = page.locator('[data-part="v"] .number').all_text_contents()
            assert [number(each) if each else None for each in found] == [
                None if V[state] is None else pytest.approx(V[state], abs=0.0051)
                for state in states
            ]
            quarters = page.locator(".quarters").evaluate_all(
                "(all) => all.map((group) => "
                "[...group.children].map((each) => each.style.getPropertyValue('--v')))"
            )
            arrows = page.locator(".arrows").evaluate_all(
                "(all) => all.map((g) => [...g.children].map((a) => a.classList.contains('taken')))"
            )
            for state, shown, taken in zip(states, quarters, arrows, strict=True):
                worth = [row[state] for row in algorithm["Q"]]
                assert [float(each) if each else None for each in shown] == shade(worth, self.most)
                assert taken == [bool(row[state]) for row in algorithm["policy"]]
            way = self.greedy_way(algorithm)
            shown = page.locator(".route.shown")
            if len(way) > 1:
                assert cells(shown.get_attribute("d"), cols) == way
            else:
                assert shown.count() == 0
            assert page.locator("tr.chosen th").inner_text() == algorithm["label"]

    def test_static_form_equals_the_first_state(self, page, view_page):
        static = view_page("value-triptych", TRIPTYCH, screen={"java_script_enabled": False})
        for selector in (".cell", ".number"):
            found = [
                shades(each, f'[data-part="v"] {selector}:not(.goal, .cliff)')
                for each in (page, static)
            ]
            assert found[0] == found[1]
        assert len(found[0]) == len(floor(self.data["world"]))

    @pytest.mark.parametrize("panel", ["policy", "v", "q"])
    def test_a_cell_gives_its_numbers(self, page, panel):
        choose(page, "algorithm", "Exact, greedy")
        exact = next(each for each in self.data["algorithms"] if each["name"] == "exact")
        state = 17
        page.locator(f'[data-part="{panel}"] .cell[data-state="{state}"]').hover()
        assert page.locator(".cursor.there").count() == 3
        found = [number(each) for each in re.findall(r"−?\d+(?:\.\d+)?", text(page, "says"))]
        worth = [exact["V"][state], *(row[state] for row in exact["Q"])]
        assert found == [3, 2, *(pytest.approx(each, abs=0.0051) for each in worth)]
        page.mouse.move(0, 0)
        assert page.locator(".cursor.there").count() == 0

    def test_the_keyboard_goes_from_cell_to_cell(self, page, until):
        radios = page.locator('[data-part="policy"] [role="radio"]')
        assert radios.count() == len(floor(self.data["world"]))
        assert page.locator('[role="radio"][tabindex="0"]').count() == 1
        radios.first.focus()
        assert page.locator(".cursor.there").count() == 3
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        chosen = page.locator('[role="radio"][aria-checked="true"]')
        assert chosen.get_attribute("data-state") == "9"
        assert "row 2, column 2" in chosen.get_attribute("aria-label")
        until(page, "location.hash.includes('fig-1.cell=9')")
        page.keyboard.press("End")
        assert chosen.get_attribute("data-state") == str(floor(self.data["world"])[-1])
        page.keyboard.press("ArrowDown")
        assert chosen.get_attribute("data-state") == str(floor(self.data["world"])[-1])
        page.keyboard.press("Escape")
        assert chosen.count() == 0

    def test_a_link_brings_algorithm_and_cell_back(self, view_page):
        fragment = "#fig-1&fig-1.algorithm=q-learning&fig-1.cell=4"
        page = view_page("value-triptych", TRIPTYCH, fragment=fragment)
        assert page.locator("tr.chosen th").inner_text() == "Q-learning"
        assert text(page, "says").startswith("Row 1, column 5")
        page.get_by_role("button", name="Reset").click()
        assert page.locator("tr.chosen th").inner_text() == "Monte Carlo"
        assert "Point at a cell" in text(page, "says")
        wrong = view_page("value-triptych", TRIPTYCH, fragment="#fig-1&fig-1.cell=38")
        assert wrong.locator(".cursor.there").count() == 0


class TestIntersection:
    data = CROSSING.data

    @pytest.fixture
    def page(self, view_page):
        return view_page("intersection", CROSSING)

    def values(self, page):
        return tuple(number(text(page, f"value-{name}")) for name in "AB")

    def chosen(self, page):
        return page.locator('[data-name="method"] label:has(:checked)').inner_text()

    def widths(self, page):
        found = page.locator(".out").evaluate_all(
            "(all) => all.map((e) => [e.dataset.from, e.dataset.branch, e.style.strokeWidth])"
        )
        return {(start, branch): float(width) for start, branch, width in found}

    def test_browser_computes_what_torch_computed(self, page):
        worst = page.evaluate(
            """() => {
              const { data } = JSON.parse(document.querySelector(".payload").textContent);
              const { value } = stillroom.math.intersection;
              const apart = ([w, V]) => Math.abs(value(w, data.branches) - V);
              return Math.max(...data.reference.map(apart));
            }"""
        )
        assert worst < 1e-6
        assert len(self.data["reference"]) == 101

    def test_every_method_weights_as_it_does(self, page):
        for method in self.data["methods"]:
            choose(page, "method", method["label"])
            assert self.values(page) == tuple(method["values"][name] for name in "AB")
            assert text(page, "says") == method["says"]
            assert self.widths(page) == {
                (name, str(branch)): pytest.approx(18 * share)
                for name, shares in method["weights"].items()
                for branch, share in enumerate(shares)
            }
        choose(page, "method", "Sarsa")
        assert page.locator(".crossing.apart").count() == 1

    @pytest.mark.parametrize(("key", "w", "value"), [("Home", 0, -1), ("End", 1, 2)])
    def test_the_slider_goes_from_end_to_end(self, page, key, w, value):
        assert self.values(page) == (0.5, 0.5)
        slider = page.get_by_role("slider")
        slider.focus()
        slider.press(key)
        assert self.values(page) == (value, value)
        assert self.chosen(page) == "Off-policy"
        sums = text(page, "sum-A").split(" + ")
        assert [number(each.split("×")[0]) for each in sums] == [w, 1 - w]
        slider.press("ArrowLeft" if w else "ArrowRight")
        moved = abs(w - 0.01)
        assert self.values(page) == pytest.approx((3 * moved - 1,) * 2)
        page.get_by_role("button", name="Reset").click()
        assert self.values(page) == (0.5, 0.5)
        assert self.chosen(page) == "Expected Sarsa"

    def test_the_weight_is_dragged(self, page):
        knob = page.locator(".knob .grip").bounding_box()
        ends = [page.locator(".node.end").nth(i).bounding_box() for i in (0, 1)]
        x = knob["x"] + knob["width"] / 2
        page.mouse.move(x, knob["y"] + knob["height"] / 2)
        page.mouse.down()
        page.mouse.move(x, ends[0]["y"], steps=5)
        assert self.values(page) == (2, 2)
        page.mouse.move(x, ends[1]["y"], steps=5)
        assert self.values(page) == (-1, -1)
        page.mouse.up()
        page.mouse.move(x, ends[0]["y"])
        assert self.values(page) == (-1, -1)
        plot = page.locator(".plot .law").bounding_box()
        page.mouse.click(plot["x"] + 0.75 * plot["width"], plot["y"] + 10)
        assert self.values(page) == pytest.approx((1.25, 1.25), abs=0.031)

    def test_off_policy_begins_at_its_own_weight(self, page):
        slider = page.get_by_role("slider")
        slider.focus()
        slider.press("End")
        choose(page, "method", "Q-learning")
        choose(page, "method", "Off-policy")
        assert self.values(page) == (1.25, 1.25)
        slider.press("ArrowRight")
        assert "up with 0.76" in text(page, "says")

    def test_touch_drags_too(self, view_page):
        page = view_page("intersection", CROSSING, screen=PHONE)
        target = page.locator(".knob .target")
        assert min(target.bounding_box()[side] for side in ("width", "height")) >= 36
        page.locator(".plot").tap(position={"x": 300, "y": 100})
        assert self.values(page)[0] > 1

    def test_a_page_variable_moves_the_weight(self, view_page):
        page = view_page(
            "intersection",
            CROSSING,
            bind={"weight": "w"},
            variables={"w": {"initial": 0.5, "values": [0, 0.5, 1]}},
            fragment="#fig-1&w=1&fig-1.method=off-policy",
        )
        assert self.values(page) == (2, 2)

    def test_a_link_brings_weight_and_method_back(self, page, view_page, until):
        slider = page.get_by_role("slider")
        slider.focus()
        slider.press("PageUp")
        until(page, "location.hash.includes('fig-1.weight')")
        again = view_page("intersection", CROSSING, fragment=page.evaluate("location.hash"))
        assert self.values(again) == self.values(page)
        assert self.chosen(again) == "Off-policy"
        expect(page.locator("[aria-live=polite]")).to_contain_text("V(A)")


class TestFields:
    data = FIELDS.data

    @pytest.fixture
    def page(self, view_page):
        return view_page("value-fields", FIELDS)

    def check(self, page, of):
        for field in self.data["fields"]:
            shown = of if field["approximator"] else "values"
            fields = [each[shown] for each in self.data["fields"]]
            most = max(abs(value) for values in fields for value in values if value is not None)
            if shown == "values":
                most = max(most, 2)
            states = floor(self.data["worlds"][field["world"]])
            found = shades(page, f'[data-field="{field["name"]}"] .cell:is(.floor, .start)')
            assert found == {state: shade(field[shown], most)[state] for state in states}

    def test_errors_come_first_and_values_on_demand(self, page, view_page):
        self.check(page, "error")
        choose(page, "show", "Values")
        self.check(page, "values")
        static = view_page("value-fields", FIELDS, screen={"java_script_enabled": False})
        self.check(static, "error")

    def test_errors_are_told_as_numbers(self, page):
        facts = FIELDS.facts
        for field in self.data["fields"]:
            if field["approximator"]:
                key = field["name"].replace("-", "_")
                shown = page.locator(f'[data-field="{field["name"]}"] .rmse').inner_text()
                low, high = facts[f"{key}_low"], facts[f"{key}_high"]
                assert shown == f"RMSE {facts[key]:.2f} {low:.2f} to {high:.2f}"
        ratios = page.locator(".ratio b").all_inner_texts()
        assert ratios == [
            f"{facts[f'ratio_{kind}_{world}']:.2f}"
            for world in ("open", "walled")
            for kind in ("tabular", "averager")
        ]

    def test_a_cell_is_read_in_every_picture_of_its_world(self, page):
        state = 50
        page.locator(f'[data-field="td-averager-walled"] .cell[data-state="{state}"]').hover()
        for field in self.data["fields"]:
            here = page.locator(f'[data-field="{field["name"]}"] .here').inner_text()
            if field["world"] == "open":
                assert here == ""
            else:
                value = field["error" if field["approximator"] else "values"][state]
                assert number(here) == pytest.approx(value, abs=0.0051)
        assert text(page, "says") == "At row 6, column 6."
        page.mouse.move(0, 0)
        assert "".join(page.locator(".here").all_inner_texts()) == ""

    def test_the_keyboard_passes_over_the_wall(self, page):
        first = page.locator('[data-field="exact-walled"] [role="radio"]')
        assert page.locator('[role="radio"][tabindex="0"]').count() == len(self.data["worlds"])
        first.first.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"):
            page.keyboard.press(key)
        chosen = page.locator('[role="radio"][aria-checked="true"]')
        assert chosen.get_attribute("data-state") == str(2 * 9 + 3)
        page.keyboard.press("ArrowDown")
        assert chosen.get_attribute("data-state") == str(4 * 9 + 3)
        page.keyboard.press("Escape")
        assert chosen.count() == 0

    def test_a_link_brings_field_and_cell_back(self, view_page):
        fragment = "#fig-1&fig-1.show=values&fig-1.cell-walled=50"
        page = view_page("value-fields", FIELDS, fragment=fragment)
        self.check(page, "values")
        assert page.locator(".cursor.there").count() == 5
        page.get_by_role("button", name="Reset").click()
        self.check(page, "error")
        assert page.locator(".cursor.there").count() == 0


class TestMovingFields:
    data = MOVING.data

    @pytest.fixture
    def page(self, view_page):
        return view_page("value-fields", MOVING)

    def check(self, page, index):
        for field in self.data["fields"]:
            values = field["frames"][index] if "frames" in field else field["values"]
            most = 2 if field["kind"] == "value" else max(v for v in values if v is not None)
            found = shades(page, f'[data-field="{field["name"]}"] .cell:is(.floor, .start)')
            assert found == {state: shade(values, most)[state] for state in (0, 1, 3)}
        for column in ("foot", "crow"):
            shown = page.locator(f'[data-column="{column}"]').text_content()
            assert number(shown) == MOVING.tables["correlation"][column][index]

    def test_it_starts_at_the_end_with_and_without_script(self, page, view_page):
        self.check(page, 2)
        self.check(view_page("value-fields", MOVING, screen={"java_script_enabled": False}), 2)
        assert page.locator(".band").count() == 1
        assert page.locator(".probe").count() == 1

    def test_the_slider_moves_fields_and_marker(self, page, until):
        slider = page.get_by_role("slider", name="Training steps")
        slider.focus()
        places = []
        for key, index in (("Home", 0), ("ArrowRight", 1), ("End", 2)):
            slider.press(key)
            self.check(page, index)
            places.append(float(page.locator(".marker").get_attribute("x1")))
        assert places[1] - places[0] == pytest.approx((places[2] - places[0]) / 3, abs=0.1)
        slider.press("Home")
        until(page, "location.hash.includes('fig-1.step=1')")
        page.get_by_role("button", name="Reset").click()
        self.check(page, 2)

    def test_the_curve_leads_to_its_fields(self, page):
        curve = page.locator(".curve .line").first.bounding_box()
        page.mouse.click(curve["x"] + 0.3 * curve["width"], curve["y"] + 5)
        self.check(page, 1)

    def test_it_plays_from_the_beginning_to_the_end(self, page):
        # Paused at once, however slow the machine is: it has gone back to the beginning.
        page.locator("[data-action=play]").evaluate("(play) => { play.click(); play.click(); }")
        self.check(page, 0)
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_role("button", name="Play")).to_be_visible()
        self.check(page, 2)

    def test_a_cell_is_read_in_every_picture_as_the_fields_move(self, page):
        page.locator('[data-field="steps"] .cell[data-state="1"]').click()
        here = page.locator(".here")
        assert [number(each) for each in here.all_inner_texts()] == [-1.5, 12, 2]
        slider = page.get_by_role("slider", name="Training steps")
        slider.focus()
        slider.press("Home")
        assert [number(each) for each in here.all_inner_texts()] == [-0.5, 3, 2]
        chosen = page.locator('[role="radio"][aria-checked="true"]')
        assert "V −0.5; Latent distance 3; Distance on foot 2" in chosen.get_attribute("aria-label")
