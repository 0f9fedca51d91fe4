import pytest

from computing import Recorder, Site, figure, reasons, recipe_text, states
from stillroom.diagnostics import Location

TRAIN = recipe_text(
    "train",
    "return Result(facts={'loss': 1 / steps if steps < 9 else 0.125}, data={'steps': 0})",
    "steps: int = 8, size: int = 3",
    "draft={'steps': 2}",
)
SHOW = recipe_text(
    "show",
    "return Result(facts={'twice': 2 * net.facts['loss'], 'scale': scale})",
    "net: Annotated[Stored, Upstream('train')], scale: float = 1.0, image: ImageFile | None = None",
)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, TRAIN + SHOW)


def test_the_first_plan_has_all_to_compute_and_the_second_nothing(site):
    one = figure("show")
    plan = site.plan(one)
    assert states(plan) == {"train": "stale", "show": "waiting"}
    assert reasons(plan) == {
        "train": ("never computed",),
        "show": ("never computed", "waits for train"),
    }
    outcome = site.run(plan)
    assert outcome.results["a", "fig-a"].manifest.facts == {"twice": 0.25, "scale": 1.0}
    plan = site.plan(one)
    assert states(plan) == {"train": "fresh", "show": "fresh"}
    assert plan.stale == ()
    assert site.run(plan).results == outcome.results


def test_what_figures_share_is_one_step(site):
    figures = [
        figure("show", "fig-a"),
        figure("show", "fig-b", params={"scale": 1}),
        figure("show", "fig-c", params={"scale": 2.5, "net": {"steps": 8}}),
        figure("train", "fig-d"),
    ]
    plan = site.plan(*figures)
    assert [(step.recipe, step.figures) for step in plan.steps] == [
        ("train", (("a", "fig-d"),)),
        ("show", (("a", "fig-a"), ("a", "fig-b"))),
        ("show", (("a", "fig-c"),)),
    ]
    assert plan.steps[0].label == "fig-d, fig-a and 2 more · train"
    outcome = site.run(plan)
    assert outcome.computed == 3
    assert set(outcome.results) == {("a", f"fig-{name}") for name in "abcd"}


def test_a_seed_is_the_figures_and_not_its_upstreams(site):
    plan = site.plan(figure("show", seed=1), figure("show", "fig-b", seed=2))
    assert [(step.recipe, step.ingredients.seed) for step in plan.steps] == [
        ("train", 0),
        ("show", 1),
        ("show", 2),
    ]


def test_a_stale_figure_is_explained_as_itself(site):
    one, two = figure("train", params={"size": 1}), figure("train", "fig-b", params={"size": 2})
    site.build(one, two)
    plan = site.plan(
        figure("train", params={"size": 5}), two, figure("train", "fig-c", params={"size": 6})
    )
    assert [step.reasons for step in plan.steps] == [
        ("size 1 → 5",),
        (),
        ("never computed",),
    ]
    assert plan.steps[0].expected is not None
    site.run(plan)
    plan = site.plan(figure("train", params={"size": 1, "steps": 9}))
    assert reasons(plan) == {"train": ("size 5 → 1", "steps 8 → 9")}


def test_without_a_memory_the_nearest_result_explains(site):
    site.build(figure("train", params={"size": 1}), figure("train", "fig-b", params={"size": 2}))
    (site.root / ".stillroom" / "figures.json").unlink()
    plan = site.plan(
        figure("train", params={"size": 1}), figure("train", "fig-c", params={"size": 7})
    )
    assert [step.reasons for step in plan.steps] == [(), ("size 2 → 7",)]


def test_why_a_step_is_stale_in_words(site):
    show = figure("show", params={"image": "skimage:chelsea"})
    site.build(show)
    site.replace("recipes.py", "2 * net", "3 * net")
    assert reasons(site.plan(show)) == {
        "train": ("recipes changed",),
        "show": ("recipes changed", "waits for train"),
    }
    site.build(show)
    [(_, result)] = site.run(site.plan(show)).results.items()
    folder = site.root / "assets" / result.manifest.folder
    (folder / "result.json").write_text("{}")
    assert reasons(site.plan(show))["show"] == ("damaged: result.json",)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert reasons(site.plan(show))["show"] == ("its stored result is gone",)


def test_an_upstream_that_gives_the_same_stops_there(site):
    show = figure("show", params={"net": {"steps": 9}})
    site.build(show)
    site.replace("recipes.py", "2 * net", "2.0 * net")  # changes show too
    site.build(show)
    told = Recorder()
    again = figure("show", params={"net": {"steps": 10}})  # the same loss of 0.125
    plan = site.plan(again)
    assert states(plan) == {"train": "stale", "show": "waiting"}
    assert reasons(plan)["train"] == ("steps 9 → 10",)
    outcome = site.run(plan, told)
    assert outcome.computed == 1
    assert [each[:2] for each in told.told] == [
        ("started", "train"),
        ("finished", "train"),
        ("reused", "show"),
        ("closed",),
    ]
    assert outcome.results["a", "fig-a"].manifest.facts == {"twice": 0.25, "scale": 1.0}


def test_force_runs_all_or_only_what_was_asked_for(site):
    figures = [figure("show"), figure("train", "fig-b", params={"size": 9})]
    site.build(*figures)
    plan = site.plan(*figures, force=True)
    assert reasons(plan)["train"] == ("forced",)
    assert site.run(plan).computed == 3
    plan = site.plan(*figures, force=True, figures=[("a", "fig-a")])
    assert states(plan) == {"train": "fresh", "show": "stale"}
    assert site.run(plan).computed == 1


def test_a_draft_overlays_the_recipes_and_then_the_figures(site):
    plan = site.plan(
        figure("train", params={"steps": 50, "size": 4}),
        figure("train", "fig-b", params={"steps": 50}, draft={"steps": 7}),
        figure("show", "fig-c", draft={"net": {"size": 1}}),
        draft=True,
    )
    assert [(step.recipe, dict(step.params)) for step in plan.steps] == [
        ("train", {"steps": 2, "size": 4}),
        ("train", {"steps": 7, "size": 3}),
        ("train", {"steps": 2, "size": 1}),
        ("show", {"scale": 1.0, "image": None}),
    ]
    outcome = site.run(plan)
    assert all(each.manifest.ingredients.draft for each in outcome.results.values())
    assert {step.state for step in site.plan(figure("train", params={"steps": 2})).steps} == {
        "stale"  # a draft is never served as the real thing, even with the same parameters
    }


def test_an_unreadable_module_excuses_recipes_that_may_be_in_it(site):
    site.write("articles/a/recipes.py", "def (:\n")
    site.plan(figure("own"), figure("shwo", "fig-b"))
    assert [each[:4] for each in site.errors()] == ["F018", "F012"]
    assert "did you mean 'show'" in site.errors()[1]


def test_an_unknown_upstream_is_told_where_it_is_asked_for(tmp_path):
    site = Site(tmp_path, recipe_text("needy", params="net: Annotated[Stored, Upstream('tran')]"))
    site.plan(figure("needy"))
    assert list(map(str, site.diagnostics.errors)) == [
        "recipes.py:5:1: F012 parameter 'net' of recipe 'needy': unknown recipe 'tran'"
    ]


def place(line):
    return Location("articles/a/index.md", line, 3)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"recipe": "shwo"},
            ["articles/a/index.md:5:3: F012 unknown recipe 'shwo'; did you mean 'show'?"],
        ),
        (
            {"params": {"scale": "big"}},
            [
                "articles/a/index.md:6:3: F014 parameter 'scale' of recipe 'show': "
                'expected float, not "big"'
            ],
        ),
        (
            {"params": {"net": {"stesp": 3}}},
            [
                "articles/a/index.md:7:3: F013 recipe 'train' has no parameter 'stesp'; "
                "did you mean 'steps'?"
            ],
        ),
        (
            {"params": {"net": 3}},
            [
                "articles/a/index.md:7:3: F014 parameter 'net' takes the parameters of recipe "
                "'train', not 3"
            ],
        ),
        (
            {"params": {"image": "cat.png", "scalee": 1}},
            [
                "articles/a/index.md:5:3: F013 recipe 'show' has no parameter 'scalee'; "
                "did you mean 'scale'?",
                "articles/a/index.md:8:3: F016 the file 'cat.png' does not exist in the "
                "article's folder",
            ],
        ),
        (
            {"draft": {"scale": "small", "net": {"steps": 0.5}}},
            [
                "articles/a/index.md:9:3: F014 parameter 'scale' of recipe 'show': "
                'expected float, not "small"',
                "articles/a/index.md:9:3: F014 parameter 'steps' of recipe 'train': "
                "expected int, not 0.5",
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_figure_is_told_at_its_place(site, changes, expected):
    places = {
        "recipe": place(5),
        "params": place(5),
        "params.scale": place(6),
        "params.net": place(7),
        "params.image": place(8),
        "draft": place(9),
    }
    plan = site.plan(figure(**{"recipe": "show", "places": places, **changes}))
    assert list(map(str, site.diagnostics.errors)) == expected
    assert plan.steps == ()  # and no upstream is computed for nothing


def test_a_figure_that_is_wrong_takes_no_other_along(site):
    plan = site.plan(figure("nothing"), figure("show", "fig-b"))
    assert [step.figures for step in plan.steps] == [(), (("a", "fig-b"),)]


def test_recipes_in_a_circle_are_told(tmp_path):
    needs = "net: Annotated[Stored, Upstream('{}')]"
    text = recipe_text("one", params=needs.format("two")) + recipe_text(
        "two", params=needs.format("one")
    )
    site = Site(tmp_path, text)
    assert site.plan(figure("one")).steps == ()
    assert site.errors() == ["F017 recipes need each other: one → two → one"]


def test_a_package_that_is_not_installed_is_told(tmp_path):
    site = Site(tmp_path, recipe_text("one", options="packages=['no-such-thing']"))
    site.plan(figure("one"))
    assert site.errors() == [
        "F018 recipe 'one' names the package 'no-such-thing', which is not installed: "
        "pip install no-such-thing"
    ]


def test_the_build_of_a_package_is_not_in_the_key_but_its_version_is(tmp_path, monkeypatch):
    site = Site(tmp_path, recipe_text("one", options="packages=['pytest']"))
    for version in ("2.12.0+cpu", "2.12.0+cu130", "2.13.0"):
        monkeypatch.setattr("stillroom.precompute.graph.metadata.version", lambda _, v=version: v)
        plan = site.plan(figure("one"))
        if version.endswith("+cpu"):
            monkeypatch.setattr("stillroom.precompute.worker.metadata.version", lambda _: "2.12.0")
            assert not site.run(plan).failures
    assert reasons(plan) == {"one": ("pytest 2.12.0 → 2.13.0",)}


def test_problems_of_modules_are_told_for_the_articles_that_see_them(site):
    site.write("articles/a/recipes.py", "(")
    site.write("articles/other/recipes.py", "(")
    site.plan()
    assert [str(each.location.path) for each in site.diagnostics.errors] == [
        "articles/a/recipes.py"
    ]
