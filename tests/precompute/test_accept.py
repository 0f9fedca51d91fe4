import pytest

from computing import HEAD, Recorder, Site, figure, recipe_text
from rendering import make_article
from stillroom.diagnostics import Diagnostics
from stillroom.precompute.accept import accept
from stillroom.precompute.agree import disagreements
from stillroom.recipe import Stored
from stillroom.testing import InlineSlot

TRAIN = recipe_text(
    "train",
    "import torch\n"
    "w = helper(torch.linspace(0, 1, size))\n"
    "return Result(facts={'sum': float(w.sum())}, data={'steps': 1},\n"
    "              assets={'net': Weights({'w': w}), 'picture': Image(w.reshape(1, size, 1))})",
    "size: int = 50",
    "draft={'size': 5}",
)
SHOW = recipe_text(
    "show",
    "return Result(facts={'twice': 2 * helper(net.facts['sum'])})",
    "net: Annotated[Stored, Upstream('train')]",
)


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path, freeze_after=0.0)
    (tmp_path / "recipes.py").unlink()
    site.write("recipes/one.py", HEAD + "from .two import helper\n" + TRAIN + SHOW)
    site.write("recipes/two.py", "def helper(x):\n    return 3 * x\n")
    site.build(figure("show"))
    return site


def run(site, **options):
    article = make_article(site.article, slug="a", figures=(figure("show"),))
    return accept(
        [article],
        site.settings,
        Diagnostics(),
        store=site.store,
        report=Recorder(),
        slots=[InlineSlot(site.root)],
        **options,
    )


def verdicts(site, **options):
    return {each.step.recipe: each.reason for each in run(site, **options)}


def test_a_refactor_costs_only_drafts(site):
    before = {step.recipe: step.manifest for step in site.plan(figure("show")).steps}
    site.build(figure("show"), draft=True)
    site.replace("recipes/two.py", "3 * x", "x + x + x")
    assert [step.state for step in site.plan(figure("show")).steps] == ["stale", "waiting"]
    found = run(site)
    assert [(each.step.recipe, each.reason) for each in found] == [
        ("train", "accepted: recipes.two changed"),
        ("show", "accepted: recipes.two changed"),
    ]
    plan = site.plan(figure("show"))
    assert plan.stale == ()
    for step in plan.steps:
        old, new = before[step.recipe], step.manifest
        assert (new.output, new.frozen) == (old.output, True)
        assert new.provenance.seconds == old.provenance.seconds
        [note] = new.provenance.accepted
        assert note["key"] == old.key != new.key


def test_the_drafts_may_have_been_made_again_already(site):
    site.build(figure("show"), draft=True)
    site.replace("recipes/two.py", "3 * x", "x * 3")
    site.build(figure("show"), draft=True)
    assert set(verdicts(site).values()) == {"accepted: recipes.two changed"}


def test_a_change_of_results_is_not_accepted(site):
    site.build(figure("show"), draft=True)
    site.replace("recipes/two.py", "3 * x", "3.01 * x")
    [(recipe, reason)] = verdicts(site).items()
    assert recipe == "train"
    assert reason.startswith("the draft changed: fact sum: 7.5 → 7.52")
    assert verdicts(site, tolerance=0.1)["train"] == "accepted: recipes.two changed"


def test_without_a_draft_of_the_old_source_nothing_is_accepted(site):
    site.replace("recipes/two.py", "3 * x", "x * 3")
    assert verdicts(site) == {"train": "there is no draft of the old source to compare with"}


def test_other_parameters_are_not_accepted(site):
    site.build(figure("show"), draft=True)
    site.replace("recipes/one.py", "size: int = 50", "size: int = 60")
    assert verdicts(site) == {"train": "no stored result differs from it in source alone"}


def test_nothing_to_accept(site):
    assert run(site) == ()


def stored(facts=(), data=(), files=()):
    return Stored(dict(facts), dict(data), {}, dict(files))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (stored({"a": 1.0}), stored({"a": 1.0 + 1e-7}), []),
        (stored({"a": 1.0}), stored({"a": 1.001}), ["fact a: 1.0 → 1.001"]),
        (stored({"a": 1}), stored({"a": 1.0}), ["fact a: 1 → 1.0"]),
        (stored({"a": "x"}), stored({"a": "y"}), ["fact a: 'x' → 'y'"]),
        (stored({"a": 1}), stored({"b": 1}), ["fact: ['a'] → ['b']"]),
        (stored(data={"a": [1.0, [2.0]]}), stored(data={"a": [1.0, [2.5]]}), [
            "data a[1][0]: 2.0 → 2.5"]),
        (stored(data={"a": [1]}), stored(data={"a": [1, 2]}), ["data a: [1] → [1, 2]"]),
        (stored(files={"a.bin": b"x"}), stored(files={"a.bin": b"y"}), ["file a.bin differs"]),
        (stored(files={"a.bin": b"x"}), stored(), ["files ['a.bin'] → []"]),
    ],
)  # fmt: skip
def test_disagreements_in_words(old, new, expected):
    assert list(disagreements(old, new, ({}, {}), 1e-5)) == expected


def test_pictures_and_weights_are_compared_by_their_numbers():
    import io

    import numpy as np
    from PIL import Image
    from safetensors.numpy import save

    def picture(value):
        stream = io.BytesIO()
        Image.fromarray(np.full((2, 2, 3), value, np.uint8)).save(stream, "PNG")
        return stream.getvalue()

    def files(value, weight):
        weights = save({"w": np.full(3, weight, np.float32)})
        return stored(files={"a.png": picture(value), "net.safetensors": weights})

    base = files(100, 1.0)
    assert list(disagreements(base, files(101, 1.0 + 1e-6), ({}, {}), 1e-5)) == []
    assert list(disagreements(base, files(110, 1.1), ({}, {}), 1e-5)) == [
        "file a.png differs",
        "file net.safetensors differs",
    ]
