import gc
import itertools
import math

import psutil
import pytest
import torch
from torch import nn

from stillroom.models.layers import UnknownLayerError
from stillroom.models.vision import load_model
from stillroom.recipe import Run
from stillroom.recipes.features.checkpoint import Keeper
from stillroom.recipes.features.gallery import render
from stillroom.recipes.features.loop import KEEP_EVERY, Climber, last, measure, optimise
from stillroom.recipes.features.objective import (
    UnknownUnitError,
    channel,
    diversity,
    energy,
    l2,
    logit,
    opacity,
    total_variation,
)
from stillroom.recipes.features.parameterization import fourier, pixels
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.transform import NONE, STANDARD

torch.set_num_threads(1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Small(nn.Module):
    """A random net; its parameters want gradients, which an ascent must not give them."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(8, 6, 3, 1, 1), nn.ReLU())
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.3, generator=seeded(4))

    def forward(self, x):
        return self.second(self.first(x)).mean((2, 3))


def hooks(net):
    return sum(len(module._forward_hooks) for module in net.modules())


def climb(net, objective, start, steps=6, transform=STANDARD, **options):
    generator = seeded(options.pop("seed", 7))
    return list(
        optimise(net, objective, start, transform, steps=steps, generator=generator, **options)
    )


@pytest.mark.parametrize("make", [pixels, fourier])
def test_a_unit_with_a_known_filter_shows_that_filter(make):
    side = 12
    y, x = torch.meshgrid(torch.arange(side) - 5.5, torch.arange(side) - 5.5, indexing="ij")
    filters = (
        torch.stack(
            [
                torch.exp(-(x**2 + y**2) / 18)
                * torch.cos(x * math.cos(a) + y * math.sin(a))
                * colour
                for a, colour in ((0, 1.0), (0.8, -1.0), (1.6, 1.0), (2.4, -1.0))
            ]
        )[:, None]
        * torch.tensor([1.0, 0.5, -0.5])[:, None, None]
    )
    net = nn.Sequential(nn.Conv2d(3, 4, side))
    net[0].weight.data = filters
    net[0].bias.data = -0.5 * filters.sum((1, 2, 3))
    # w·(x - 1/2) - λ |x - 1/2|² / n is largest at x = 1/2 + w n / 2λ.
    strength = 0.3
    n = 3 * side**2
    objective = channel("0", [0, 1, 2, 3]) - n / (2 * strength) * l2()
    start = make(4, side, seeded())
    found = climb(net, objective, start, 150, NONE)[-1].pictures - 0.5
    expected = strength * filters
    assert torch.cosine_similarity(found.flatten(1), expected.flatten(1)).min() > 0.95
    torch.testing.assert_close(
        found.flatten(1).norm(dim=1), expected.flatten(1).norm(dim=1), rtol=0.1, atol=0
    )


def test_states_are_yielded_from_the_start_to_the_last_step():
    net, start = Small(), fourier(2, 16, seeded())
    states = climb(net, channel("second", [1, 2]), start, 4, frames=[0, 2])
    assert [state.step for state in states] == [0, 1, 2, 3, 4]
    assert [state.image is not None for state in states] == [True, False, True, False, True]
    assert torch.equal(states[0].image, start.draw(start.tensors))
    assert all(state.values.shape == (2,) for state in states)
    assert (last(states).pictures - states[0].pictures).abs().max() > 0.01
    with pytest.raises(ValueError, match="after 1 steps holds no picture"):
        _ = states[1].pictures


def test_the_objective_rises_and_a_value_is_that_of_its_picture():
    net = Small()
    objective = channel("second", [1, 2, 4])
    states = climb(net, objective, fourier(3, 16, seeded()), 40, NONE, frames=[13])
    assert (states[-1].values > 1.3 * states[0].values).all()
    for state in (states[13], states[-1]):
        torch.testing.assert_close(measure(net, objective, state.image), state.values)


def test_a_seed_gives_the_same_pictures_and_another_does_not():
    net = Small()
    one, same, other = (
        climb(net, energy("second"), fourier(2, 16, seeded()), seed=seed)[-1].image
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_pictures_do_not_influence_each_other():
    net = Small()
    start = pixels(3, 16, seeded())
    together = climb(net, channel("second", [0, 1, 2]), start, transform=NONE)[-1].image
    for n in range(3):
        alone = pixels(1, 16, seeded(), start=start.draw(start.tensors)[[n]])
        image = climb(net, channel("second", n), alone, transform=NONE)[-1].image
        torch.testing.assert_close(image[0], together[n], rtol=0, atol=1e-4)


def test_only_the_picture_gets_a_gradient_and_no_hook_stays():
    net = Small()
    states = optimise(
        net, channel("first", 0), fourier(1, 16, seeded()), steps=3, generator=seeded()
    )
    for _ in states:
        assert hooks(net) == 0
        assert net(torch.rand(1, 3, 16, 16)).shape == (1, 6)
    assert all(parameter.grad is None for parameter in net.parameters())


def test_it_climbs_where_gradients_are_switched_off():
    with torch.no_grad():
        states = climb(Small(), energy("first"), fourier(1, 16, seeded()), 10, NONE)
    assert states[-1].values > states[0].values


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_no_hook_stays_after_an_error(error):
    net = Small()

    def fail(*_):
        raise error

    handle = net.first.register_forward_hook(fail)
    with pytest.raises(error):
        climb(net, channel("second", 0), fourier(1, 16, seeded()))
    handle.remove()
    assert hooks(net) == 0
    with pytest.raises(UnknownLayerError, match="did you mean 'second'"):
        climb(net, channel("sekond", 0), fourier(1, 16, seeded()))
    with pytest.raises(UnknownUnitError):
        climb(net, channel("second", 6), fourier(1, 16, seeded()))
    assert hooks(net) == 0


def test_memory_is_flat_over_fifty_renders():
    net, process = Small(), psutil.Process()
    objective = channel("second", [0, 1, 2, 3])
    sizes, tensors = [], []
    for n in range(50):
        climb(net, objective, fourier(4, 32, seeded(n)), 3)
        if n in {9, 49}:
            gc.collect()
            sizes.append(process.memory_info().rss)
            tensors.append(sum(torch.Tensor in type(each).__mro__ for each in gc.get_objects()))
    assert tensors[0] == tensors[1]
    assert sizes[1] - sizes[0] < 8e6


class Tight(Small):
    """Memory suffices for a few pictures at a time."""

    def __init__(self, room, error):
        super().__init__()
        self.room, self.error, self.passes = room, error, []

    def forward(self, x):
        if len(x) > self.room:
            raise self.error
        self.passes.append(len(x))
        return super().forward(x)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_a_batch_that_does_not_fit_is_passed_in_parts_with_the_same_result(error):
    roomy, tight = Small(), Tight(2, error)
    objective = channel("second", [0, 1, 2, 3, 4]) - 0.1 * total_variation()
    expected, found = (
        climb(net, objective, fourier(5, 16, seeded(), alpha=True)) for net in (roomy, tight)
    )
    torch.testing.assert_close(found[-1].image, expected[-1].image, rtol=0, atol=1e-4)
    torch.testing.assert_close(found[-1].values, expected[-1].values, rtol=1e-4, atol=1e-5)
    assert tight.passes == [2, 2, 1] * 7


def test_what_cannot_be_split_or_is_another_error_is_raised():
    full = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(torch.OutOfMemoryError):
        climb(Tight(0, full), energy("second"), fourier(4, 16, seeded()))
    with pytest.raises(torch.OutOfMemoryError):
        climb(Tight(2, full), diversity("second"), fourier(4, 16, seeded()))
    with pytest.raises(RuntimeError, match="something else"):
        climb(Tight(2, RuntimeError("something else")), energy("second"), fourier(4, 16, seeded()))


def test_a_run_that_was_killed_goes_on_and_yields_the_same_states(tmp_path):
    net, steps = Small(), KEEP_EVERY + 5

    def states(run, part="icons"):
        return optimise(
            net,
            channel("second", [0, 3]),
            fourier(2, 16, seeded()),
            steps=steps,
            generator=seeded(3),
            frames=[10, KEEP_EVERY + 2],
            run=run,
            part=part,
        )

    def run():
        return Run(checkpoint=tmp_path / "run.safetensors")

    whole = list(states(Run()))
    Keeper(run(), "before").save({"x": torch.ones(2)})
    for state in states(run()):
        if state.step == KEEP_EVERY + 1:
            break
    resumed = list(states(run()))
    finished = list(states(run()))
    for again in (resumed, finished):
        assert [state.step for state in again] == list(range(steps + 1))
        for one, other in zip(whole, again, strict=True):
            assert torch.equal(one.values, other.values)
            assert (one.image is None) == (other.image is None)
            assert one.image is None or torch.equal(one.image, other.image)
    assert torch.equal(Keeper(run(), "before").load()["x"], torch.ones(2))
    other = next(states(run(), part="other"))
    assert other.step == 0
    assert Keeper(run(), "other").load() == {}


def test_a_gallery_has_a_picture_for_each_unit_and_goes_on_where_it_was(tmp_path):
    net, told = Small(), []
    units = {"first": [1, 2, 5], "second": [4]}

    def gallery(run, batch=2):
        return render(run, net, units, size=16, steps=4, batch=batch)

    expected = gallery(Run(seed=3))
    assert {layer: len(each) for layer, each in expected.items()} == {"first": 3, "second": 1}
    for layer, chosen in units.items():
        assert not torch.equal(expected[layer][0], torch.full((3, 16, 16), 0.5))
        assert expected[layer].shape[0] == len(chosen)

    def checkpointed():
        return Run(seed=3, checkpoint=tmp_path / "run.safetensors", report=told.append)

    killed = {"first": [1, 2, 5]}
    render(checkpointed(), net, killed, size=16, steps=4, batch=2)
    net.first[0].weight.data.zero_()  # what is finished is not computed again
    resumed = gallery(checkpointed())
    assert torch.equal(resumed["first"], expected["first"])
    shares = [each.done for each in told[-5:]]
    assert shares == pytest.approx([2 / 3, 0.75, 5 / 6, 11 / 12, 1])
    with pytest.raises(UnknownUnitError):
        render(Run(), net, {"first": [8]}, size=16, steps=1)


def test_progress_is_told_within_its_share():
    told = []
    run = Run(report=told.append)
    climb(Small(), energy("first"), fourier(1, 16, seeded()), 4, run=run, share=(0.5, 1.0))
    assert [each.done for each in told] == [0.5, 0.625, 0.75, 0.875, 1.0]
    assert all(each.total == 1 for each in told)


def test_measuring_averages_over_transforms():
    net, image = Small(), torch.rand(2, 3, 16, 16, generator=seeded())
    objective = channel("second", [0, 1])
    looks = [
        measure(net, objective, image, STANDARD, generator=generator)
        for generator in itertools.repeat(seeded(5), 6)
    ]
    mean = measure(net, objective, image, STANDARD, samples=6, generator=seeded(5))
    torch.testing.assert_close(mean, torch.stack(looks).mean(0))
    assert not torch.equal(looks[0], looks[1])


def test_alpha_opens_where_the_objective_has_no_use_for_the_picture():
    class Corner(nn.Module):
        def __init__(self):
            super().__init__()
            self.low = nn.Identity()

        def forward(self, x):
            return self.low(x[:, :, :8, :8])

    objective = channel("low", 0) - 0.5 * opacity()
    start = fourier(1, 16, seeded(), alpha=True)
    image = climb(Corner(), objective, start, 120, NONE)[-1].image
    assert image.shape == (1, 4, 16, 16)
    assert image[0, 3, 1:7, 1:7].mean() > image[0, 3, 9:, 9:].mean() + 0.3


def test_a_gradient_is_that_of_the_model():
    net = Small()
    x = torch.rand(2, 3, 16, 16, generator=seeded(), requires_grad=True)
    values, gradient = Climber(net, logit([1, 2])).look(x.detach(), seeded())
    logits = net(x)[[0, 1], [1, 2]]
    torch.testing.assert_close(values, logits.detach())
    torch.testing.assert_close(gradient, torch.autograd.grad(logits.sum(), x)[0])


def test_transforms_and_waves_each_take_fine_noise_out_of_pictures():
    model = load_model("efficientnet-lite0")
    objective = channel("block9", list(range(8)))
    shares = {}
    for name, make, transform in (
        ("pixels", pixels, NONE),
        ("pixels, moved", pixels, STANDARD),
        ("waves", fourier, NONE),
        ("waves, moved", fourier, STANDARD),
    ):
        states = climb(model, objective, make(8, 64, seeded()), 24, transform)
        shares[name] = fine_share(states[-1].image).mean()
    assert shares["pixels, moved"] < 0.9 * shares["pixels"]
    assert shares["waves"] < 0.7 * shares["pixels"]
    assert shares["waves, moved"] < 0.9 * shares["waves"]
