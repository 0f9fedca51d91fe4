import pytest
import torch
from torch import nn

from stillroom.models.layers import LOGITS, recording
from stillroom.recipes.features import objective as menu
from stillroom.recipes.features.objective import Objective, Seen, UnknownUnitError

torch.set_num_threads(1)
BATCH, SIDE = 3, 8


class Smooth(nn.Module):
    """A small net without kinks, so that differences of values are good derivatives."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.first = nn.Sequential(nn.Conv2d(3, 5, 3, 2, 1), nn.Tanh())
        self.second = nn.Sequential(nn.Conv2d(5, 4, 3, 1, 1), nn.Softplus())
        self.head = nn.Linear(4, 6)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.5, generator=generator)
        self.double().requires_grad_(False)

    def forward(self, x):
        return self.head(self.second(self.first(x)).mean((2, 3)))


NET = Smooth()


def image(seed=1, batch=BATCH, channels=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, channels, SIDE, SIDE, generator=generator, dtype=torch.float64)


def value(objective, x, rows=None):
    with recording(NET, objective.layers) as run:
        outputs = run(x[:, :3])
    return objective.value(Seen(x, outputs, torch.arange(len(x)) if rows is None else rows))


def layer(name, x):
    with recording(NET, [name]) as run:
        return run(x)[name]


TARGET = layer("second", image(9, 1))[0]
VECTORS = torch.tensor([[1.0, -2.0, 0.5, 1.0], [0.0, 1.0, 1.0, 0.0], [3.0, 0.1, 0.2, -0.3]])
OBJECTIVES = {
    "neuron": menu.neuron("second", [0, 1, 2]),
    "neuron at": menu.neuron("first", 4, (0, 3)),
    "channel": menu.channel("second", [3, 1, 1]),
    "energy": menu.energy("first"),
    "direction": menu.direction("second", VECTORS[0]),
    "directions": menu.direction("second", VECTORS, (1, 2)),
    "direction by cosine": menu.direction("second", VECTORS.abs(), cosine_power=2),
    "direction of logits": menu.direction(LOGITS, torch.arange(6.0)),
    "logit": menu.logit([5, 0, 2]),
    "probability": menu.probability([5, 0, 2]),
    "log-probability": menu.log_probability(1),
    "difference": menu.channel("second", 0) - menu.channel("second", 1),
    "across layers": 2 * menu.channel("first", 0) + menu.logit(1) * 0.5 - 3,
    "product": menu.channel("second", 0) * menu.channel("second", 2),
    "interpolation": menu.interpolation(
        menu.channel("second", 0), menu.channel("second", 3), [0.0, 0.3, 1.0]
    ),
    "diversity": menu.diversity("second"),
    "diversity in groups": menu.diversity("second", [0, 1, 0]),
    "content": menu.content("second", TARGET),
    "style": menu.style("second", menu.gram(TARGET[None])[0]),
    "total variation": menu.total_variation(),
    "l1": menu.l1(),
    "l2": menu.l2(0.3),
    "blur": menu.blur(),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_gradient_is_that_of_finite_differences(name):
    objective = OBJECTIVES[name]
    x = image().requires_grad_()
    total = value(objective, x).sum()
    assert total.shape == ()
    (gradient,) = torch.autograd.grad(total, x)
    ways = torch.randn(4, *x.shape, generator=torch.Generator().manual_seed(2), dtype=x.dtype)
    step = 1e-6
    for way in ways:
        up, down = (value(objective, x.detach() + sign * step * way).sum() for sign in (1, -1))
        expected = (up - down) / (2 * step)
        torch.testing.assert_close((gradient * way).sum(), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", [name for name, each in OBJECTIVES.items() if not each.together])
def test_a_picture_has_the_same_value_alone(name):
    objective, x = OBJECTIVES[name], image()
    together = value(objective, x)
    assert together.shape == (BATCH,)
    for row in range(BATCH):
        alone = value(objective, x[[row]], torch.tensor([row]))
        torch.testing.assert_close(alone[0], together[row])


def test_values_are_those_of_their_formulas():
    x = image()
    a, logits = layer("second", x), NET(x)
    pairs = {
        "neuron": a[range(3), [0, 1, 2], 2, 2],
        "neuron at": layer("first", x)[:, 4, 0, 3],
        "channel": a.mean((2, 3))[range(3), [3, 1, 1]],
        "energy": layer("first", x).pow(2).mean((1, 2, 3)),
        "direction": torch.einsum("bchw,c->b", a, VECTORS[0].double())
        / (a[0, 0].numel() * VECTORS[0].norm()),
        "directions": (a[:, :, 1, 2] * VECTORS).sum(1) / VECTORS.norm(dim=1),
        "logit": logits[range(3), [5, 0, 2]],
        "probability": logits.softmax(1)[range(3), [5, 0, 2]],
        "log-probability": logits[:, 1] - logits.logsumexp(1),
        "difference": (a[:, 0] - a[:, 1]).mean((1, 2)),
        "across layers": 2 * layer("first", x)[:, 0].mean((1, 2)) + logits[:, 1] / 2 - 3,
        "total variation": x.diff(dim=2).abs().mean((1, 2, 3))
        + x.diff(dim=3).abs().mean((1, 2, 3)),
        "l1": (x - 0.5).abs().mean((1, 2, 3)),
        "l2": (x - 0.3).pow(2).mean((1, 2, 3)),
    }
    for name, expected in pairs.items():
        torch.testing.assert_close(value(OBJECTIVES[name], x), expected, check_dtype=False)


def test_interpolation_goes_from_one_to_the_other():
    x = image(batch=1).expand(BATCH, -1, -1, -1)
    start, between, end = value(OBJECTIVES["interpolation"], x)
    a = layer("second", x[:1]).mean((2, 3))[0]
    torch.testing.assert_close(torch.stack([start, end]), a[[0, 3]])
    torch.testing.assert_close(between, 0.7 * a[0] + 0.3 * a[3])


def test_diversity_is_the_mean_cosine_of_gram_matrices():
    x = image()
    a = layer("second", x).flatten(2)
    grams = [(each @ each.T).flatten() for each in a]
    cosine = torch.stack(
        [torch.stack([torch.cosine_similarity(g, h, dim=0) for h in grams]) for g in grams]
    )
    expected = -(cosine.sum(1) - 1) / 2
    torch.testing.assert_close(value(OBJECTIVES["diversity"], x), expected)
    grouped = value(OBJECTIVES["diversity in groups"], x)
    torch.testing.assert_close(grouped, -torch.stack([cosine[0, 2], x.new_zeros(()), cosine[2, 0]]))
    same = x[:1].expand(BATCH, -1, -1, -1)
    torch.testing.assert_close(value(OBJECTIVES["diversity"], same), -torch.ones(3).double())


def test_content_and_style_are_zero_at_their_target_and_style_forgets_places():
    x = image(9, 1)
    rolled = x.flip(3)
    assert value(OBJECTIVES["content"], x).abs().max() < 1e-20
    assert value(OBJECTIVES["style"], x).abs().max() < 1e-20
    a = layer("second", x)
    torch.testing.assert_close(menu.gram(a), menu.gram(a.flip(3)))
    assert value(OBJECTIVES["content"], rolled) < -1e-4


def test_penalties_see_colours_and_opacity_sees_alpha():
    x = image(channels=4)
    for name in ("total variation", "l1", "l2", "blur"):
        torch.testing.assert_close(value(OBJECTIVES[name], x), value(OBJECTIVES[name], x[:, :3]))
    torch.testing.assert_close(value(menu.opacity(), x), x[:, 3].mean((1, 2)))


def test_a_smooth_picture_has_no_blur_to_lose():
    ramp = torch.linspace(0, 1, SIDE).double().expand(1, 3, SIDE, SIDE)
    flat = torch.full_like(ramp, 0.4)
    assert value(menu.blur(), flat) < 1e-20
    assert value(menu.blur(), image(batch=1)) > 20 * value(menu.blur(), ramp)


def test_an_objective_knows_its_layers_and_whether_it_can_be_split():
    mixed = menu.channel("first", 0) - 0.1 * menu.diversity("second") + menu.l2()
    assert mixed.layers == {"first", "second"}
    assert mixed.together
    assert not (menu.logit(1) * menu.l2()).together
    assert isinstance(-mixed, Objective)


def test_an_unknown_unit_is_answered_with_the_nearest():
    with pytest.raises(
        UnknownUnitError, match="'second' has 4 units and none is 7; did you mean 3"
    ):
        value(menu.channel("second", [0, 1, 7]), image())
    with pytest.raises(UnknownUnitError, match="none is -1; did you mean 0"):
        value(menu.logit(-1), image())
