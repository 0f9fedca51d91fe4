"""Dreams, grids and atlases: their arithmetic on small networks, and their recipes as drafts."""

from collections import OrderedDict
from itertools import pairwise

import pytest
import torch
from torch import nn

from stillroom.models.vision import load_model
from stillroom.recipe import Stored
from stillroom.recipes.dreams import layout
from stillroom.recipes.dreams.activation_atlas import activation_atlas, names
from stillroom.recipes.dreams.activation_grid import activation_grid, cell_effects, sized
from stillroom.recipes.dreams.attribution import alone, contributions, ranks
from stillroom.recipes.dreams.crops import overlapping, sample
from stillroom.recipes.dreams.deep_dream import deep_dream
from stillroom.recipes.dreams.dream_jitter import dream_jitter, gain
from stillroom.recipes.dreams.hinton_digits import NEGATIVE, PAPER, draw, hinton_digits, smoothness
from stillroom.recipes.dreams.icons import recovered
from stillroom.recipes.dreams.octaves import dream, sizes
from stillroom.recipes.dreams.patch_paste import paste, patch_paste
from stillroom.recipes.dreams.stored_cells import cells, pick
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.objective import energy
from stillroom.recipes.features.transform import Transform
from stillroom.testing import run_recipe, store_recipe

torch.set_num_threads(1)
PHOTOS = ["skimage:chelsea", "skimage:coffee", "skimage:rocket"]


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def net(*, last=nn.Flatten, bias=True):
    """3 channels → 4 (stride 2) → 5 → the mean over places → 6 logits."""
    generator = random(1)
    layers = OrderedDict(
        first=nn.Conv2d(3, 4, 3, 2, 1, bias=bias),
        relu=nn.ReLU(),
        second=nn.Conv2d(4, 5, 1, bias=bias),
        pool=nn.AdaptiveAvgPool2d(1),
        flat=last(),
        out=nn.Linear(5, 6, bias=bias),
    )
    model = nn.Sequential(layers).requires_grad_(False)
    for parameter in model.parameters():
        parameter.normal_(generator=generator)
    return model


def photos(count=2, side=16):
    return torch.rand(count, 3, side, side, generator=random(2)) * 0.4 + 0.3


# Dreams


def test_octaves_grow_by_the_ratio_to_the_whole():
    assert sizes(100, 140, 3, 1.4) == [(51, 71), (71, 100), (100, 140)]


def test_a_dream_raises_the_energy_at_every_step_and_moves_pixels_by_the_rate():
    model = net()
    states = list(
        dream(model, energy("first"), photos(), octaves=2, steps=3, rate=0.01, generator=random())
    )
    assert [(state.octave, state.step) for state in states] == [
        (octave, step) for octave in (0, 1) for step in range(4)
    ]
    for before, after in pairwise(states):
        if after.step:
            moved = (after.image - before.image).abs().mean((1, 2, 3))
            assert torch.allclose(moved, torch.tensor(0.01), atol=1e-4)
            low, high = (measure(model, energy("first"), each.image) for each in (before, after))
            assert bool((high > low).all())
    assert states[0].image.shape[-2:] == (11, 11)
    assert all(state.full.shape == photos().shape for state in states)
    assert torch.equal(states[-1].full, states[-1].image), "the last octave is the whole"


def test_what_an_octave_added_is_carried_on_and_the_photograph_kept():
    states = list(
        dream(net(), energy("first"), photos(), octaves=2, steps=4, rate=0.02, generator=random())
    )
    end, begin = states[4], states[5]
    assert torch.allclose(end.full, begin.image, atol=1e-6)
    assert torch.equal(states[0].full, photos())
    assert float((begin.image - photos()).abs().mean()) > 0.01


def test_a_gain_begins_at_one_and_is_the_ratio_of_energies():
    model, pictures = net(), [photos(), photos() * 0.5]
    found = gain(model, "first", pictures, Transform(jitter=3), samples=2)
    assert torch.allclose(found[0], torch.ones(2))
    bare = net(bias=False)
    assert torch.allclose(gain(bare, "first", pictures)[1], torch.full((2,), 0.25), atol=1e-5)


def test_deep_dreams_are_measured_against_their_photographs():
    result = run_recipe(deep_dream, draft=True, images=PHOTOS, steps=4)
    facts = result.facts
    assert result.tables["energy"]["block1"][0] == 1
    assert facts["gain_block1"] > 1
    assert facts["rises"] > 0.7 * facts["climbs"], "in so small a picture a step may overshoot"
    assert facts["climbs"] == 2 * 2 * 3 * 4  # layers, networks, photographs, octaves
    assert 0 <= facts["moved_block10_low"] <= facts["moved_block10_high"] <= 1
    assert facts["top_photo"] == "Egyptian cat"
    frames = result.assets["block1"].pixels
    assert tuple(frames.shape) == (5, 96, 128, 3)
    assert torch.equal(frames[0], result.assets["block10"].pixels[0]), "the photograph"
    assert not torch.equal(result.assets["trained"].pixels, result.assets["untrained"].pixels)
    assert torch.equal(result.assets["thumbnail"].pixels, result.assets["block10"].pixels[-1])


def test_a_dream_that_was_never_shifted_keeps_less_of_its_energy_under_shifts():
    facts = run_recipe(dream_jitter, draft=True, images=PHOTOS, side=64, frames=[0, 2, 8]).facts
    assert facts["gain_none"] > facts["gain_jitter"] > 1
    assert facts["kept_none"] < facts["kept_half"] < facts["kept_jitter"]
    assert facts["fine_none"] > facts["fine_photo"]
    with pytest.raises(ValueError, match="ascend from 0"):
        run_recipe(dream_jitter, draft=True, images=PHOTOS, frames=[1, 2])


# Attribution


def test_contributions_of_places_add_up_and_equal_gradient_times_activation():
    model, x = net(), photos()

    def each(side):
        return torch.eye(side * side).reshape(-1, side, side)

    alone = contributions(model, "first", x[:1].expand(64, -1, -1, -1), each)
    whole = contributions(model, "first", x, lambda side: torch.ones(1, side, side))
    assert torch.allclose(alone.sum(0), whole[0], atol=1e-4)
    a = model.first(x[:1]).requires_grad_()
    (slope,) = torch.autograd.grad(model[1:](a)[0, 4], a)
    assert torch.allclose(alone[:, 4], (slope * a).sum(1).flatten().detach(), atol=1e-5)


def test_without_biases_all_contributions_are_the_logits():
    model, x = net(bias=False), photos(40)  # more than one pass takes
    whole = contributions(model, "first", x, lambda side: torch.ones(1, side, side))
    assert torch.allclose(whole, model(x), atol=1e-4)
    with pytest.raises(ValueError, match="do not depend on layer 'first'"):
        contributions(Blind(), "first", x, lambda side: torch.ones(1, side, side))


class Blind(nn.Module):
    """Logits that do not depend on the one layer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        self.first(x)
        return x.mean((2, 3))


def test_alone_an_activation_gives_what_the_rest_of_the_network_makes_of_it():
    model, vectors = net(), torch.randn(40, 4, generator=random())
    hidden = torch.relu(vectors) @ model.second.weight[:, :, 0, 0].T + model.second.bias
    expected = hidden @ model.out.weight.T + model.out.bias
    assert torch.allclose(alone(model, "first", vectors, photos(1)), expected, atol=1e-4)
    assert ranks(torch.tensor([[0.1, 0.9, 0.5], [0.9, 0.1, 0.0]]), 2).tolist() == [1, 2]


def test_cells_of_a_photograph_contribute_what_the_whole_does():
    model, photo = load_model("efficientnet-lite0", pretrained=False), photos(1, 64)
    effects = cell_effects(model, "block9", photo, 2)
    whole = contributions(model, "block9", photo, lambda side: torch.ones(1, side, side))[0]
    assert torch.allclose(effects.sum(0), whole - whole.mean(), atol=1e-3)
    assert torch.allclose(effects.mean(1), torch.zeros(4), atol=1e-5)


# Grids and atlases


def test_pictures_take_their_share_of_a_cell():
    drawn = torch.rand(2, 3, 20, 20, generator=random())
    frames = sized(drawn, torch.tensor([1.0, 0.25]))
    assert frames[..., 3].sum((1, 2)).tolist() == [400, 100]
    assert torch.allclose(frames[0, ..., :3], drawn[0].permute(1, 2, 0))
    assert frames[1, 4, 4].tolist() == [0, 0, 0, 0]
    assert recovered(torch.tensor([[0.9, 0.1], [0.8, 0.2]])) == 0.5


def test_crops_are_squares_within_their_photographs():
    ramp = torch.linspace(0, 1, 90).expand(3, 60, 90)
    cut = sample([ramp, ramp * 0.5], 41, 8, random())
    assert torch.bincount(cut.source).tolist() == [20, 20]
    top, left, bottom, right = cut.boxes.T
    assert torch.equal(bottom - top, right - left)
    assert int(top.min()) >= 0
    assert int(bottom.max()) <= 60
    assert 12 <= int((right - left).min()) <= int((right - left).max()) <= 60
    middle = ((left + right - 1) / 2 / 89) * torch.tensor([1, 0.5])[cut.source]
    assert torch.allclose(cut.pixels.mean((1, 2, 3)), middle, atol=0.01)
    shared = overlapping(cut)
    for one, other in ((0, 1), (3, 7), (2, 25), (30, 30)):
        inside = [
            {(y, x) for y in range(up, down) for x in range(begin, end)}
            for up, begin, down, end in (cut.boxes[one].tolist(), cut.boxes[other].tolist())
        ]
        same = bool(cut.source[one] == cut.source[other])
        assert bool(shared[one, other]) == (same and bool(inside[0] & inside[1]))


def test_cells_hold_their_points_and_the_means_of_these():
    places = torch.rand(200, 2, generator=random(), dtype=torch.float64)
    values = torch.randn(200, 3, generator=random(1), dtype=torch.float64)
    found = layout.cells(places, 3, least=15)
    seen = 0
    for x, y, members, mean in zip(
        found.x, found.y, found.members, found.mean(values), strict=True
    ):
        inside = [
            n for n, (a, b) in enumerate(places.tolist()) if (int(a * 3), int(b * 3)) == (x, y)
        ]
        assert members.tolist() == inside
        assert len(inside) >= 15
        assert torch.allclose(mean, values[inside].mean(0))
        seen += len(inside)
    assert seen == 200 or len(found.x) < 9
    corner = layout.cells(torch.ones(4, 2), 5, least=1)
    assert (corner.x.tolist(), corner.y.tolist()) == ([4], [4])


def test_clusters_stay_together_in_the_plane():
    label = torch.arange(120) % 3
    vectors = torch.eye(8)[label] + torch.randn(120, 8, generator=random()) * 0.05
    places = layout.plane(vectors, 0)
    assert torch.equal(places, layout.plane(vectors, 0))
    assert 0 <= float(places.min()) <= float(places.max()) <= 1
    everyone = ~torch.eye(120).bool()
    assert layout.purity(places, label, 10, everyone) > 0.99
    assert layout.chance(places, label, 10, everyone, random()) == pytest.approx(1 / 3, abs=0.03)
    apart = everyone & (label[:, None] != label)
    assert layout.purity(places, label, 10, apart) == 0, "those left out are no neighbours"


def test_a_grid_draws_a_picture_a_cell():
    result = run_recipe(activation_grid, draft=True, image=PHOTOS[0])
    facts = result.facts
    assert facts["cells"] == 9
    assert facts["own_block9"] > facts["other_block9"]
    assert facts["norms_block9"] > 1
    assert 1 <= facts["rank_block9"] <= 1000
    for layer in result.data["layers"]:
        assert layer["levels"][0]["cells"]["count"] == [1] * 9
        assert tuple(result.assets[layer["name"]].pixels.shape) == (9, 48, 48, 4)
    largest = result.assets["block9"].pixels[..., 3].sum((1, 2)).max()
    assert float(largest) == 48 * 48
    drawn = result.assets["block9"].pixels[result.data["telling"][0], ..., 3]
    assert float(drawn.sum()) == 48 * 48, "the strongest cell is shown first"


@pytest.fixture(scope="module")
def atlas():
    return store_recipe(activation_atlas, draft=True, images=PHOTOS, crops=60)


def test_an_atlas_counts_its_pieces(atlas):
    for layer in atlas.data["layers"]:
        for level in layer["levels"]:
            held = level["cells"]["count"]
            assert min(held) >= 4
            assert sum(held) <= atlas.facts["pieces"] == 60
            assert all(values == sorted(values)[::-1] for values in level["cells"]["values"])
    assert atlas.facts["icons"] == len(atlas.tables["cells"]["count"])
    assert 0 <= atlas.facts["chance_block14"] <= 1
    assert atlas.facts["named_block14"] <= atlas.facts["cells_block14"]


def test_a_cell_is_named_by_its_own_pieces():
    places = torch.tensor([[0.1, 0.1], [0.2, 0.2], [0.9, 0.9]])
    found = layout.cells(places, 2, least=1)
    hits = names(found, torch.tensor([7, 8, 9]), torch.tensor([8, 9, 1]))
    assert hits.tolist() == [[True, False, False], [False, True, False]]


def test_pasting_takes_its_targets_from_the_atlas_alone(atlas):
    chosen = pick(atlas, "block14", 3)
    everything = cells(atlas, "block14")
    assert len({each.name for each in chosen}) == len(chosen)
    assert chosen[0].value == max(each.value for each in everything)
    with pytest.raises(ValueError, match="no layer 'block3'"):
        pick(atlas, "block3", 3)
    result = run_recipe(patch_paste, draft=True, images=PHOTOS[:2], atlas=atlas)
    facts = result.facts
    assert facts["scenes"] == 4
    assert 0 <= facts["cell_hit_low"] <= facts["cell_hit"] <= facts["cell_hit_high"] <= 1
    assert [len(panel["top"]) for panel in result.data["panels"]] == [1, 2, 2]
    before, after = result.assets["before"].pixels, result.assets["cell"].pixels
    changed = [(frame - before[0]).abs().amax(2) > 1e-6 for frame in after]
    assert [int(each.any(0).sum()) for each in changed] == [24, 48]  # of 96 pixels


def test_a_patch_covers_its_square_and_nothing_else():
    scene, patch = torch.zeros(3, 20, 20), torch.ones(3, 7, 7)
    pasted = paste(scene, patch, 0.25, down=1.0, across=0.4)
    assert pasted.sum() == 3 * 25
    assert float(pasted[:, 15:, 6:11].min()) == 1
    assert float(scene.max()) == 0


# Weights


def test_a_weight_is_a_square_whose_area_is_its_size():
    picture = draw(torch.tensor([[[-1.0, 0.25], [0.0, 1.0]]]))[0]
    blank = picture[..., 0] == torch.tensor(PAPER)
    inked = [int((~blank[r : r + 14, c : c + 14]).sum()) for r in (0, 14) for c in (0, 14)]
    assert inked[0] == inked[3] == 196
    assert inked[1] == pytest.approx(196 / 4, rel=0.35), "in whole pixels"
    assert inked[2] <= 4
    assert float(picture[7, 7]) == pytest.approx(NEGATIVE)


def test_training_makes_weights_of_neighbours_alike():
    assert smoothness(torch.eye(8)[None] * 0 + torch.arange(8.0)) > 0.9
    trained = run_recipe(hinton_digits, draft=True, steps=300)
    random_ = run_recipe(hinton_digits, draft=True, steps=0)
    assert trained.facts["accuracy_low"] > 0.9
    assert random_.facts["accuracy_high"] < 0.3
    assert trained.facts["smoothness_low"] > random_.facts["smoothness_high"] + 0.1
    table = trained.tables["outgoing"]
    assert table["unit"] == list(range(1, 13))
    assert len(table) == 11
    assert isinstance(store_recipe(hinton_digits, draft=True, steps=0), Stored)
