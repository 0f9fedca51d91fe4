import re

import pytest
from playwright.sync_api import expect

from stillroom.recipe import Run
from stillroom.recipes.graphs.message_passing import message_passing

RESULT = message_passing(Run())
GOLDEN = {
    "GCN": [2.5, 5, 0, 4, 6],
    "GAT": [5.86, 2.73, 0, 2.76, 5.76],
    "GraphSAGE": [9, 5, 0, 4, 12],
    "GIN": [0, 5, 0, 4, 12],
}


@pytest.fixture
def playground(view_page):
    return view_page("message-passing", RESULT)


def number(text):
    return float(text.replace("−", "-"))


def values(page):
    return [number(text) for text in page.locator(".node .value").all_text_contents()]


def table(page):
    rows = page.locator(".outcome tbody tr").all()
    return {
        row.locator("th").inner_text(): [number(td) for td in row.locator("td").all_inner_texts()]
        for row in rows
    }


def result(page):
    return number(page.locator('[data-part="equation"] strong').inner_text())


def choose_model(page, name):
    page.locator('[data-name="model"]').get_by_text(name, exact=True).click()


def node(page, name):
    return page.get_by_role("radio", name=re.compile(f"^{name}, value"))


def test_browser_computes_what_torch_computed(playground):
    worst = playground.evaluate(
        """() => {
          const { data } = JSON.parse(document.querySelector(".payload").textContent);
          const { update } = stillroom.math["message-passing"];
          return Math.max(...data.reference.map((each) =>
            Math.max(
              ...update(each.model, each.neighbours, each.features, each.weights, each.backwards)
                .map((value, v) => Math.abs(value - each.updated[v])),
            )));
        }"""
    )
    assert worst < 1e-4
    assert {each["model"] for each in RESULT.data["reference"]} == {"gcn", "gat", "sage", "gin"}


def test_golden_table_stands_in_the_page_with_and_without_script(playground, view_page):
    assert table(playground) == GOLDEN
    static = view_page("message-passing", RESULT, screen={"java_script_enabled": False})
    assert table(static) == GOLDEN
    assert result(static) == 2.5
    assert static.locator("button:visible").count() == 0


@pytest.mark.parametrize("model", GOLDEN)
def test_update_all_gives_the_golden_values(playground, model):
    choose_model(playground, model)
    assert result(playground) == GOLDEN[model][0]
    playground.get_by_role("button", name="Update all").click()
    assert values(playground) == GOLDEN[model]


@pytest.mark.parametrize("model", GOLDEN)
def test_every_node_has_its_own_equation(playground, model):
    choose_model(playground, model)
    for at, name in enumerate("ABCDE"):
        node(playground, name).click()
        assert result(playground) == GOLDEN[model][at]
        assert f"h′{name}" in playground.locator('[data-part="equation"]').inner_text()


def test_the_order_of_sage_matters(playground):
    choose_model(playground, "GraphSAGE")
    assert result(playground) == 9
    assert (
        "Read C, E: 9. Read E, C: 6. The order matters."
        in playground.locator(".orders").inner_text()
    )
    playground.get_by_text("last to first").click()
    assert result(playground) == 6
    choose_model(playground, "GIN")
    assert playground.get_by_text("last to first").is_hidden()


def test_only_the_sliders_of_the_model_are_there(playground):
    counts = {"GCN": 2, "GAT": 2, "GraphSAGE": 4, "GIN": 1}
    for model, count in counts.items():
        choose_model(playground, model)
        assert playground.locator(".slider:visible").count() == count


def test_weights_enter_the_equation(playground):
    slider = playground.get_by_role("slider", name="B", exact=True)
    slider.focus()
    slider.press("End")
    assert result(playground) == 8.5  # -3.5 + 2 · 6
    choose_model(playground, "GIN")
    slider = playground.get_by_role("slider", name="ε")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    assert result(playground) == 2  # -7 + 1.5 · 6


def test_one_node_is_updated_undone_and_reset(playground):
    playground.get_by_role("button", name="Update A", exact=True).click()
    assert values(playground) == [2.5, 2, -10, 1, 3]
    node(playground, "E").click()
    playground.get_by_role("button", name="Update E").press("Enter")
    assert values(playground)[4] == pytest.approx(3 + (2.5 + 2 + 1) / 3, abs=0.005)
    undo = playground.get_by_role("button", name="Undo")
    undo.click()
    assert values(playground) == [2.5, 2, -10, 1, 3]
    undo.press("Space")
    assert values(playground) == [6, 2, -10, 1, 3]
    assert undo.get_attribute("aria-disabled") == "true"
    playground.get_by_role("button", name="Update all").click()
    playground.get_by_role("button", name="Reset").click()
    assert values(playground) == [6, 2, -10, 1, 3]


def test_keyboard_chooses_and_updates_nodes(playground):
    node(playground, "A").focus()
    playground.keyboard.press("ArrowRight")
    playground.keyboard.press("ArrowRight")
    assert node(playground, "C").get_attribute("aria-checked") == "true"
    playground.keyboard.press("End")
    assert result(playground) == 6
    playground.keyboard.press("Enter")
    assert values(playground)[4] == 6
    assert playground.locator('.node[tabindex="0"]').count() == 1
    playground.locator('[data-name="model"] input').first.focus()
    playground.keyboard.press("ArrowRight")
    assert playground.get_by_role("radio", name="GAT").is_checked()


def test_a_term_and_its_node_light_up_together(playground):
    term = playground.locator('[data-part="equation"] [data-node="2"]').first
    term.hover()
    assert "lit" in node(playground, "C").get_attribute("class").split()
    playground.mouse.move(0, 0)
    assert playground.locator(".node.lit").count() == 0
    node(playground, "E").hover()
    assert playground.locator('[data-part="equation"] .lit[data-node="4"]').count() == 2
    term.focus()
    assert "lit" in node(playground, "C").get_attribute("class").split()
    term.press("Enter")
    assert node(playground, "C").get_attribute("aria-checked") == "true"


def test_other_graphs_are_shown_whole(playground):
    for graph in RESULT.data["graphs"][1:]:
        playground.get_by_role("button", name="Another graph").click()
        assert values(playground) == graph["features"]
        assert playground.locator(".edge").count() == len(graph["edges"])
        for model in GOLDEN:
            choose_model(playground, model)
        box = playground.locator("svg").first.bounding_box()
        for shown in playground.locator(".node").all():
            inside = shown.bounding_box()
            assert inside["y"] >= box["y"] - 1
            assert inside["x"] + inside["width"] <= box["x"] + box["width"] + 1
    playground.get_by_role("button", name="Another graph").click()
    assert values(playground) == [6, 2, -10, 1, 3]


def test_a_link_brings_the_moves_back(playground, view_page):
    choose_model(playground, "GIN")
    playground.get_by_role("button", name="Update all").click()
    node(playground, "B").click()
    playground.get_by_role("button", name="Update B").click()
    shown = values(playground)
    expect(playground).to_have_url(re.compile("moves=-1,1&"))
    again = view_page("message-passing", RESULT, fragment=playground.evaluate("location.hash"))
    assert values(again) == shown == [0, 17, 0, 4, 12]
    assert again.get_by_role("radio", name="GIN").is_checked()


def test_the_change_is_announced(playground):
    node(playground, "E").click()
    expect(playground.locator("[aria-live=polite]")).to_contain_text("GCN: node E becomes 6.")


def test_reduced_motion_sends_no_dots(view_page):
    still = view_page("message-passing", RESULT, screen={"reduced_motion": "reduce"})
    sent = """() => {
      document.querySelector("[data-action=all]").click();
      return document.querySelectorAll(".message").length;
    }"""
    assert still.evaluate(sent) == 0
    moving = view_page("message-passing", RESULT)
    assert moving.evaluate(sent) == 8
    expect(moving.locator(".message")).to_have_count(0)


def test_it_is_accessible_and_fits_a_phone(view_page, axe):
    page = view_page(
        "message-passing",
        RESULT,
        screen={"width": 390, "height": 844, "has_touch": True},
    )
    for model in GOLDEN:
        choose_model(page, model)
        assert axe(page, ".view", dark=True) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    node(page, "D").tap()
    assert result(page) == 4
    assert node(page, "D").locator("circle").bounding_box()["width"] >= 44
