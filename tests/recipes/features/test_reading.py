import pytest
import torch
from torch import nn
from torch.nn import functional

from stillroom.models.layers import LOGITS, UnknownLayerError
from stillroom.models.vision import load_model
from stillroom.recipes.features.objective import UnknownUnitError, channel
from stillroom.recipes.features.patches import squares, top_patches
from stillroom.recipes.features.reading import activations, gradient
from stillroom.recipes.features.receptive_field import (
    Field,
    receptive_field,
    receptive_fields,
)
from stillroom.recipes.features.spectrum import checkerboard, fine_share, power, radial

torch.set_num_threads(1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Windows(nn.Module):
    """All that moves pixels: strides, uneven padding, dilation, pools, a sum and a mean."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, 2, 1)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.wide = nn.Conv2d(4, 4, 3, padding=2, dilation=2)
        self.side = nn.Conv2d(4, 4, 1)
        self.same = nn.Conv2d(4, 4, 5, padding="same")
        self.mean = nn.AvgPool2d(2)
        self.gate = nn.Conv2d(4, 4, 1)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        x = self.pool(self.stem(functional.pad(x, (0, 1, 0, 1))))
        x = self.same(self.wide(x) + self.side(x))
        x = self.mean(x)
        x = x * self.gate(x.mean((2, 3), keepdim=True))
        return self.head(x.mean((2, 3)))


def footprint(model, layer, size, row, column):
    """The pixels that a unit's output changes with, by autograd through a linearised net."""
    x = torch.rand(1, 3, size, size, generator=seeded(), requires_grad=True)
    outputs = []
    handle = model.get_submodule(layer).register_forward_hook(
        lambda *given: outputs.append(given[2])
    )
    model(x)
    handle.remove()
    (slope,) = torch.autograd.grad(outputs[0][0, :, row, column].sum(), x)
    touched = slope.abs().sum((0, 1)) > 0
    rows, columns = touched.any(1).nonzero().flatten(), touched.any(0).nonzero().flatten()
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


@pytest.mark.parametrize("layer", ["stem", "wide", "side", "same", "mean"])
def test_a_field_is_the_footprint_of_the_gradient(layer):
    model, size = Windows(), 128
    model.pool = nn.AvgPool2d(3, 2, 1)  # a maximum lets one pixel of its window through
    field = receptive_field(model, layer, size)
    middle = size // field.stride // 2
    for row, column in ((middle, middle + 1), (middle - 1, middle)):
        assert field.box(row, column) == footprint(model, layer, size, row, column)
    with_maximum = receptive_field(Windows(), layer, size)
    assert with_maximum == field


def test_after_a_mean_over_all_positions_the_field_is_the_whole_picture():
    fields = receptive_fields(Windows(), 40)
    assert list(fields) == ["stem", "pool", "wide", "side", "same", "mean", "gate", "head"]
    assert fields["mean"] == ((4, 5, 5), receptive_field(Windows(), "mean", 40))
    for layer in ("gate", "head"):
        assert fields[layer][1] == Field(0, 40, 0)
    assert receptive_field(Windows(), LOGITS, 40) == Field(0, 40, 0)
    with pytest.raises(UnknownLayerError):
        receptive_field(Windows(), "middle", 40)


@pytest.mark.parametrize(("size", "layer"), [(96, "block3.depthwise"), (95, "block2")])
def test_fields_of_the_real_network_are_its_gradients_footprint(size, layer):
    model = load_model("efficientnet-lite0", pretrained=False)
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU6):
                setattr(module, name, nn.Identity())
    place = receptive_fields(model, size)[layer][0][1] // 2
    found = footprint(model.net, layer, size, place, place)
    assert receptive_field(model, layer, size).box(place, place) == found


class Brightness(nn.Module):
    """One unit for dark and one for bright, on blocks of eight pixels."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.AvgPool2d(8)

    def forward(self, x):
        mean = self.blocks(x.mean(1, keepdim=True))
        return torch.cat([-mean, mean], 1)


def scene():
    """A grey picture with one bright and one dark spot."""
    picture = torch.full((3, 64, 96), 0.5)
    picture[:, 8:16, 80:88] = 1.0
    picture[:, 48:56, 16:24] = 0.0
    return picture


def test_the_patch_that_excites_a_unit_is_found_where_it_is():
    pictures = {"scene": scene(), "grey": torch.full((3, 70, 50), 0.5)}
    found = top_patches(
        Brightness(), {LOGITS: [0, 1]}, pictures, count=3, size=32, least=8, shares=(0.5, 0.25)
    )
    dark, bright = found[LOGITS]
    assert (dark[0].value, bright[0].value) == (0.0, 1.0)
    for patch, (top, left) in ((dark[0], (48, 16)), (bright[0], (8, 80))):
        assert patch.square.picture == "scene"
        assert abs(patch.square.top - top) <= 4
        assert abs(patch.square.left - left) <= 4
    for patches in (dark, bright):
        assert len(patches) == 3
        values = [patch.value for patch in patches]
        assert values == sorted(values, reverse=True)
    weakest = top_patches(
        Brightness(), {LOGITS: [1]}, pictures, count=1, quantile=0.0, size=32, shares=(0.5, 0.25)
    )
    assert weakest[LOGITS][0][0].value == 0.0
    middle = top_patches(
        Brightness(), {LOGITS: [1]}, pictures, count=1, quantile=0.6, size=32, shares=(0.5, 0.25)
    )
    assert middle[LOGITS][0][0].value == pytest.approx(0.5)


def test_patches_need_pictures_and_units_that_there_are():
    with pytest.raises(ValueError, match="at least one picture"):
        top_patches(Brightness(), {LOGITS: [0]}, {})
    with pytest.raises(UnknownUnitError, match="has 2 units and none is 2"):
        top_patches(Brightness(), {LOGITS: [2]}, {"scene": scene()}, size=32)


def test_squares_cover_a_picture_evenly():
    found = list(squares({"wide": torch.zeros(3, 40, 100)}, [1.0, 0.5]))
    large = [each for each in found if each.side == 40]
    assert [each.left for each in large] == [0, 20, 40, 60]
    assert {each.top for each in large} == {0}
    covered = torch.zeros(40, 100)
    for each in found[len(large) :]:
        covered[each.top : each.top + each.side, each.left : each.left + each.side] += 1
    assert covered.min() >= 1


def test_activations_are_those_of_single_passes():
    model = load_model("efficientnet-lite0", pretrained=False)
    images = torch.rand(3, 3, 32, 32, generator=seeded())
    found = activations(model, images, ["block1", LOGITS])
    assert found["block1"].shape == (3, 24, 8, 8)
    torch.testing.assert_close(found[LOGITS], model(images))
    torch.testing.assert_close(
        activations(model, images[1:2], ["block1"])["block1"][0], found["block1"][1]
    )


def test_a_gradient_points_up():
    model = load_model("efficientnet-lite0", pretrained=False)
    images = torch.rand(2, 3, 32, 32, generator=seeded())
    objective = channel("block2", [0, 5])
    slope = gradient(model, objective, images)
    before, after = (
        activations(model, each, ["block2"])["block2"][[0, 1], [0, 5]].mean((1, 2))
        for each in (images, images + 0.1 * slope / slope.abs().amax((1, 2, 3), keepdim=True))
    )
    assert (after > before).all()


def wave(f, size=32):
    across = torch.cos(2 * torch.pi * f * torch.arange(size)).expand(1, 3, size, size)
    return across * 0.3 + 0.5


def test_energy_is_where_the_wave_is():
    energies, f = power(wave(1 / 8))
    assert float(f.flatten()[energies[0].argmax()]) == pytest.approx(1 / 8)
    torch.testing.assert_close(
        energies.sum(), ((wave(1 / 8) - wave(1 / 8).mean()) ** 2).sum(), rtol=1e-4, atol=1e-4
    )
    assert float(fine_share(wave(1 / 8))) < 1e-5
    assert float(fine_share(wave(3 / 8))) > 1 - 1e-5
    assert float(fine_share(torch.full((1, 3, 8, 8), 0.5))) == 0
    means, bands = radial(wave(1 / 8), 8)
    assert float(bands[means[0].argmax()]) == pytest.approx(1 / 8, abs=1 / 16)
    assert means.shape == (1, 8)


def test_white_noise_has_as_much_fine_energy_as_there_are_fine_waves():
    noise = torch.randn(16, 3, 32, 32, generator=seeded())
    _, f = power(noise)
    assert float(fine_share(noise).mean()) == pytest.approx(
        float((f > 0.25).float().mean()), abs=0.01
    )
    means, _ = radial(noise, 6)
    assert float(means.std() / means.mean()) < 0.25
    assert float(checkerboard(noise).mean()) == pytest.approx(3 / 1024, rel=0.5)


def test_a_checkerboard_is_seen():
    rows = torch.arange(16)
    board = ((rows[:, None] + rows) % 2).float().expand(1, 3, 16, 16)
    assert float(checkerboard(board)) == pytest.approx(1)
    assert float(checkerboard(wave(1 / 2, 16))) == pytest.approx(1)
    assert float(checkerboard(wave(1 / 4, 16))) < 1e-6
