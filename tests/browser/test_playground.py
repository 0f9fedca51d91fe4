import re

import pytest
import torch
from playwright.sync_api import expect

from stillroom.recipes.value.gridworld import world
from stillroom.recipes.value.online import Moment
from stillroom.recipes.value.playground import (
    LABELS,
    REFERENCE_WORLDS,
    Rule,
    make_learner,
    playground,
)
from stillroom.testing import run_recipe

MATH = "stillroom.math.playground"
CLIFF = "4_s4_-9_-9_-9_-4_s4_-s7cg"


@pytest.fixture(scope="module")
def result():
    return run_recipe(playground, draft=True, runs=2, episodes=20)


@pytest.fixture
def show(view_page, result):
    """Open the figure in a state: ``show(world="…", rate=3600)``."""

    def open_(screen=None, **state):
        fragment = "&".join(f"fig-1.{name}={value}" for name, value in state.items())
        return view_page("playground", result, fragment=f"#{fragment}", screen=screen)

    return open_


def board(page):
    return page.locator(".board canvas")


def part(page, name):
    return page.locator(f'[data-part="{name}"]')


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def counts(page):
    """Episodes and steps, as the status says."""
    found = re.search(r"([\d,]+) episodes?, ([\d,]+) steps?", part(page, "status").inner_text())
    return tuple(int(number.replace(",", "")) for number in found.groups())


def middle(page, row, column, rows=6, cols=9):
    """Where a cell is on the screen."""
    box = board(page).bounding_box()
    return (
        box["x"] + (column + 0.5) * box["width"] / cols,
        box["y"] + (row + 0.5) * box["height"] / rows,
    )


def choose(page, name, text):
    page.locator(f'[data-name="{name}"]').get_by_text(text, exact=True).click()


def pixels(page):
    return board(page).evaluate("canvas => canvas.toDataURL()")


def expect_world(page, text):
    """Wait until the address has this world; none stands for the first one."""
    named = "(?!.*fig-1.world)" if text == "cliff" else f"(?=.*fig-1.world={re.escape(text)}(&|$))"
    expect(page).to_have_url(re.compile(f"^{named}"))


def test_browser_learns_what_torch_learned(show, result):
    page = show()
    compared = page.evaluate(
        f"""(references) => {{
          const {{ Learner, makeWorld, optimal }} = {MATH};
          const apart = (a, b) => Math.max(...b.map((value, i) => Math.abs(value - a[i])));
          return references.map((each) => {{
            const world = makeWorld(each.cells);
            const learner = new Learner(world, each, {{ seed: each.seed, horizon: each.horizon }});
            while (learner.returns.length < each.episodes) learner.run(1);
            return {{
              Q: apart(learner.values(), each.Q.flat()),
              V: apart(learner.stateValues(), each.V),
              best: apart(optimal(world, each.gamma), each.best),
              digest: learner.digest,
              steps: learner.steps,
            }};
          }});
        }}""",
        result.data["reference"],
    )
    assert len(compared) == len(LABELS) * len(REFERENCE_WORLDS)
    for each, reference in zip(compared, result.data["reference"], strict=True):
        assert (each["digest"], each["steps"]) == (reference["digest"], reference["steps"])
        assert max(each["Q"], each["V"], each["best"]) < 1e-9
    assert any(each["steps"] >= each["horizon"] * 10 for each in result.data["reference"])


@pytest.mark.parametrize("algorithm", LABELS)
def test_three_agents_learn_one_table_as_torch_does(show, algorithm):
    rule = {"algorithm": algorithm, "epsilon": 0.3, "alpha": 0.4, "gamma": 0.9, "lambda": 0.6}
    text = REFERENCE_WORLDS[1]
    walked = show().evaluate(
        f"""([rows, rule]) => {{
          const {{ Learner, makeWorld, chance }} = {MATH};
          const options = {{ seed: 3, walkers: 3, horizon: 1e6 }};
          const learner = new Learner(makeWorld(rows), rule, options);
          const moments = [];
          const step = learner.step.bind(learner);
          learner.step = (walker) => {{
            const before = [...learner.visits];
            step(walker);
            const pair = before.findIndex((count, i) => learner.visits[i] !== count);
            const coin = chance(walker.key, walker.time, 4);
            moments.push([learner.walkers.indexOf(walker), pair, Math.max(walker.action, 0), coin]);
          }};
          learner.run(400);
          return {{ moments, Q: [...learner.values()] }};
        }}""",
        [text.split(), rule],
    )
    place = world(text)
    learners = [make_learner(place, Rule(algorithm, 0.3, 0.4, 0.9, 0.6)) for _ in range(3)]
    for learner in learners[1:]:  # each has its own traces and record, all share the values
        learner.Q = learners[0].Q
        if algorithm == "double-q":
            learner.tables = learners[0].tables
    for walker, pair, upcoming, coin in walked["moments"]:
        action, state = divmod(pair, place.states)
        following = int(place.P[action, state].argmax())
        learners[walker].step(
            Moment(
                run=torch.tensor([0]),
                state=torch.tensor([state]),
                action=torch.tensor([action]),
                reward=place.R[action, state, following][None],
                following=torch.tensor([following]),
                upcoming=torch.tensor([upcoming]),
                ended=place.terminal[following][None],
                coin=torch.tensor([coin], dtype=torch.float64),
            )
        )
    assert {moment[0] for moment in walked["moments"]} == {0, 1, 2}
    learned = torch.tensor(walked["Q"], dtype=torch.float64)
    assert learned.abs().max() > 0.1
    assert (learners[0].Q.flatten() - learned).abs().max() < 1e-9


def test_worlds_survive_the_address(show, result):
    page = show()
    worlds = [each["cells"] for each in result.data["worlds"]]
    kept = page.evaluate(
        f"""(worlds) => {{
          const {{ makeWorld, encode, decode }} = {MATH};
          return worlds.map((rows) => {{
            const world = makeWorld(rows);
            return JSON.stringify(decode(encode(world))) === JSON.stringify(world);
          }});
        }}""",
        worlds,
    )
    assert kept == [True] * len(worlds)
    assert page.evaluate(f"{MATH}.encode({MATH}.makeWorld({worlds[0]}))") == CLIFF
    wrong = ["", "s", "9_-9_", "s_-s__", "99s-99s", "sq-ss", "<script>", "s_" * 1200, "0s_-0s_"]
    assert page.evaluate(f"(texts) => texts.map((each) => {MATH}.decode(each))", wrong) == (
        [None] * len(wrong)
    )


def test_it_starts_with_what_the_recipe_computed(show, result):
    page, shown = show(), result.data["shown"]
    assert counts(page) == (shown["episodes"], shown["steps"])
    expect(part(page, "status")).to_contain_text("Run goes on from here")
    page.mouse.move(*middle(page, 5, 0))
    value = f"{shown['V'][45]:.2f}".rstrip("0").rstrip(".")
    expect(part(page, "reading")).to_contain_text(f"Row 6, column 1: start. V {value};")


def test_without_script_it_shows_worlds_values_and_returns(show, result):
    page = show(screen={"java_script_enabled": False})
    assert page.locator("svg.gridworld:visible").count() == 3
    assert page.locator(".view button:visible").count() == 0
    arrows = sum(len(best) % 4 for best in result.data["shown"]["best"])
    assert page.locator(".board .marks path:not(.start-mark)").count() == arrows > 0
    rows = page.locator(".earned tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == list(LABELS.values())


def test_run_learns_on_and_pauses(show, until):
    page = show()
    before = counts(page)
    button(page, "Run").click()
    for _ in range(100):
        if counts(page)[1] > before[1] + 200:
            break
        page.wait_for_timeout(50)
    button(page, "Pause").click()
    after = counts(page)
    assert after[1] > before[1] + 200
    page.wait_for_timeout(150)
    assert counts(page) == after
    expect(page.locator("[aria-live=polite]")).to_contain_text("Paused. Q-learning")


def test_escape_pauses(show):
    page = show()
    button(page, "Run").click()
    page.keyboard.press("Escape")
    assert button(page, "Run").is_visible()


def test_it_rests_off_screen(show):
    page = show(screen={"height": 700})
    button(page, "Run").click()
    page.evaluate("document.body.style.paddingBottom = '3000px'; scrollTo(0, 1e6)")
    page.wait_for_timeout(300)
    resting = counts(page)
    page.wait_for_timeout(300)
    assert counts(page) == resting
    board(page).scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    assert counts(page)[1] > resting[1]


def test_step_and_episode(show):
    page = show()
    episodes, steps = counts(page)
    button(page, "Step").click()
    button(page, "Step").press("Enter")
    assert counts(page)[1] == steps + 2
    button(page, "Episode").click()
    assert counts(page)[0] == episodes + 1


def test_forget_starts_from_nothing_and_reset_brings_it_back(show):
    page = show()
    start = counts(page)
    button(page, "Forget").click()
    assert counts(page) == (0, 0)
    page.mouse.move(*middle(page, 3, 3))
    expect(part(page, "reading")).to_contain_text("Nobody has been here")
    choose(page, "view", "V(s)")
    button(page, "Reset").click()
    assert counts(page) == start
    assert page.get_by_role("radio", name="Policy").is_checked()


def test_drawing_with_the_mouse_and_undo(show):
    page = show()
    page.mouse.move(*middle(page, 1, 2))
    page.mouse.down()
    page.mouse.move(*middle(page, 1, 5), steps=2)  # fast: cells between are drawn too
    page.mouse.up()
    expect_world(page, "4_s4_-2_4x3_-9_-9_-4_s4_-s7cg")
    assert page.locator('[data-name="world"] select').evaluate(
        "select => select.selectedOptions[0].text"
    ) == ("Your own")
    page.mouse.click(*middle(page, 1, 3))  # what is there already is taken away
    expect_world(page, "4_s4_-2_x_2x3_-9_-9_-4_s4_-s7cg")
    button(page, "Undo").click()
    expect_world(page, "4_s4_-2_4x3_-9_-9_-4_s4_-s7cg")
    button(page, "Undo").click()
    expect_world(page, "cliff")
    assert button(page, "Undo").get_attribute("aria-disabled") == "true"


def test_what_was_learned_stays_when_the_world_is_edited(show):
    page = show()
    page.mouse.move(*middle(page, 4, 8))
    before = part(page, "reading").inner_text()
    assert "V 0;" not in before
    choose(page, "brush", "Goal")
    page.mouse.click(*middle(page, 0, 3))
    page.mouse.move(*middle(page, 4, 8))
    assert part(page, "reading").inner_text() == before
    page.mouse.move(*middle(page, 0, 3))
    expect(part(page, "reading")).to_contain_text("goal, worth 2. The episode ends.")


def test_a_world_keeps_a_start(show):
    page = show(world="s_g-3_")
    x, y = middle(page, 0, 0, rows=2, cols=3)
    page.mouse.click(x, y)
    expect_world(page, "s_g-3_")
    expect(page.locator("[aria-live=polite]")).to_contain_text("A world needs a start")


def test_drawing_with_the_keyboard(show):
    page = show()
    board(page).focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[aria-live=polite]")).to_contain_text("Row 1, column 2: floor. V")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    expect_world(page, "_c2_s4_-9_-9_-9_-4_s4_-s7cg")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("w")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect_world(page, "_c2_s4_-_3x5_-9_-9_-4_s4_-s7cg")
    page.keyboard.press("Control+z")
    expect_world(page, "_c2_s4_-_2x6_-9_-9_-4_s4_-s7cg")
    page.keyboard.press("End")
    page.keyboard.press("g")
    page.keyboard.press(" ")
    expect_world(page, "_c2_s4_-_2x5_g-9_-9_-4_s4_-s7cg")
    page.keyboard.press("Home")
    expect(page.locator("[aria-live=polite]")).to_contain_text("Row 2, column 1: floor")


def test_touch_looks_first_and_draws_when_asked(show):
    page = show(screen={"width": 390, "height": 844, "has_touch": True, "is_mobile": True})
    board(page).scroll_into_view_if_needed()
    page.touchscreen.tap(*middle(page, 5, 8))
    expect(part(page, "reading")).to_contain_text("goal, worth 2")
    expect_world(page, "cliff")
    assert board(page).evaluate("canvas => canvas.style.touchAction") == "pan-y"
    page.locator('[data-name="brush"]').get_by_text("Wall", exact=True).tap()
    assert board(page).evaluate("canvas => canvas.style.touchAction") == "none"
    page.touchscreen.tap(*middle(page, 1, 1))
    expect_world(page, "4_s4_-_x7_-9_-9_-4_s4_-s7cg")


def test_lambda_is_there_only_for_traces(show):
    page = show()
    slider = page.get_by_role("slider", name="λ, trace")
    algorithm = page.get_by_label("Algorithm")
    for label in LABELS.values():
        algorithm.select_option(label=label)
        assert slider.is_visible() == (label == "Sarsa(λ)")
        expect(part(page, "status")).to_contain_text(f"{label}: ")


def test_agents_come_and_go(show):
    page = show()
    fewer = button(page, "Take an agent away")
    assert fewer.get_attribute("aria-disabled") == "true"
    steps = counts(page)[1]
    button(page, "Add agent").click()
    button(page, "Add agent").click()
    button(page, "Step").click()
    assert counts(page)[1] == steps + 3
    fewer.click()
    button(page, "Step").click()
    assert counts(page)[1] == steps + 5
    while button(page, "Add agent").get_attribute("aria-disabled") == "false":
        button(page, "Add agent").click()
    assert part(page, "agents").inner_text() == "8"


def test_views_differ_and_follow_the_theme(show):
    page = show()
    seen = {pixels(page)}
    for name in ("V(s)", "Q(s, a)", "Visits"):
        choose(page, "view", name)
        seen.add(pixels(page))
    assert len(seen) == 4
    page.locator(".theme-toggle").click()
    assert pixels(page) not in seen


def test_a_preset_is_chosen_by_name(show, result):
    page = show()
    for each in result.data["worlds"][1:]:
        page.locator('[data-name="world"] select').select_option(label=each["label"])
        expect_world(page, each["name"])
        assert part(page, "says").inner_text() == each["says"]
        box = board(page).bounding_box()
        assert box["width"] / box["height"] == pytest.approx(each["cols"] / each["rows"], 0.01)
        assert counts(page)[0] >= result.data["head_start"]


def test_a_link_brings_world_and_settings_back(show, until):
    state = {"world": "s2_g-2xc_", "algorithm": "sarsa-lambda", "lambda": 0.4, "agents": 2}
    page = show(**state, view="q", epsilon=0.5)
    assert page.get_by_label("Algorithm").input_value() == "Sarsa(λ)"
    assert page.get_by_role("radio", name="Q(s, a)").is_checked()
    assert part(page, "agents").inner_text() == "2"
    expect_world(page, state["world"])
    again = show(**state, view="q", epsilon=0.5)
    assert counts(again) == counts(page)
    for each in (page, again):
        until(each, "document.fonts.status === 'loaded'")
    assert pixels(again) == pixels(page)


def test_nonsense_in_the_address_is_left_alone(show, result):
    page = show(world="9_-9_", algorithm="magic", agents=-3, view="x", epsilon=7, seed=-1)
    assert counts(page)[0] >= result.data["head_start"]
    assert part(page, "agents").inner_text() == "1"
    expect(part(page, "status")).to_contain_text("Q-learning")


def test_a_world_that_cannot_be_won_says_so(show):
    page = show(world="s_xg-2_2x")
    expect(part(page, "status")).to_contain_text("No goal can be reached")


def test_reduced_motion_draws_seldom(show):
    drawn = """(wait) => new Promise((done) => {
      let frames = 0;
      const { fillRect } = CanvasRenderingContext2D.prototype;
      let last = 0;
      CanvasRenderingContext2D.prototype.fillRect = function (...box) {
        if (this.canvas.tabIndex === 0 && performance.now() - last > 8) frames += 1;
        last = performance.now();
        return fillRect.apply(this, box);
      };
      document.querySelector("[data-action=run]").click();
      setTimeout(() => done(frames), wait);
    })"""
    calm = show(screen={"reduced_motion": "reduce"}).evaluate(drawn, 1200)
    lively = show().evaluate(drawn, 1200)
    assert calm <= 4
    assert lively > calm


def test_frames_of_a_large_world(show, record_property):
    page = show(world="field", rate=3600, algorithm="sarsa-lambda", agents=2)
    measured = page.evaluate(
        """() => new Promise((done) => {
          const frames = [];
          const look = (now) => {
            frames.push(now);
            if (frames.length < 60) requestAnimationFrame(look);
            else done(frames.slice(1).map((time, i) => time - frames[i]));
          };
          document.querySelector("[data-action=run]").click();
          requestAnimationFrame(look);
        })"""
    )
    steps = page.evaluate(
        f"""() => {{
          const {{ Learner, makeWorld }} = {MATH};
          const {{ worlds }} = JSON.parse(document.querySelector(".payload").textContent).data;
          const field = makeWorld(worlds.find((each) => each.name === "field").cells);
          const rule = {{ epsilon: 0.2, alpha: 0.3, gamma: 0.95, lambda: 0.8 }};
          const learner = new Learner(field, {{ ...rule, algorithm: "sarsa-lambda" }}).run(5000);
          const start = performance.now();
          learner.run(6000);
          return (performance.now() - start) / 100;
        }}"""
    )
    median = sorted(measured)[len(measured) // 2]
    record_property("median_frame_ms", median)
    record_property("sixty_steps_ms", steps)
    print(f"field, 2 agents, 3,600 steps/s: a frame every {median:.1f} ms; 60 steps {steps:.2f} ms")
    assert counts(page)[1] > 3600 / 4


def test_it_is_accessible_and_fits_a_phone(show, axe):
    page = show(screen={"width": 390, "height": 844, "has_touch": True})
    page.get_by_label("Algorithm").select_option(label="Sarsa(λ)")
    assert axe(page, ".view", dark=True) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for control in page.locator(".view :is(button, select):visible").all():
        assert control.bounding_box()["height"] >= 34
