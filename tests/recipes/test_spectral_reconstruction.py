import io

import numpy as np
import pytest
import scipy.fft
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from stillroom.media.encode import encode
from stillroom.recipe import ImageFile, Run
from stillroom.recipes.graphs.laplacian import eigenspaces, grid_basis
from stillroom.recipes.graphs.spectral_reconstruction import (
    energy,
    picture_label,
    picture_name,
    reconstruct,
    spectral_reconstruction,
)

torch.set_num_threads(1)
SIZE = {"height": 12, "width": 15}
N = 180
CUTS = [1, 2, 5, 20, 90, N]


def picture(name, seed):
    """Return a file with smooth random shapes, twice as large as the grid."""
    noise = np.random.default_rng(seed).normal(size=(24, 30, 3))
    smooth = scipy.fft.idctn(
        scipy.fft.dctn(noise, axes=(0, 1))
        / (1 + np.add.outer(np.arange(24), np.arange(30)))[..., None],
        axes=(0, 1),
    )
    pixels = np.clip(128 + 60 * smooth / smooth.std(), 0, 255).astype(np.uint8)
    content = io.BytesIO()
    Pillow.fromarray(pixels).save(content, "png")
    return ImageFile(name, content.getvalue())


IMAGES = [picture("first one.png", 1), picture("second.png", 2)]


@pytest.fixture(scope="module", params=[4, 8])
def rebuilt(request):
    return spectral_reconstruction(
        Run(), images=IMAGES, components=CUTS, start=20, neighbours=request.param, **SIZE
    )


def test_all_components_give_the_picture_back(rebuilt):
    assert rebuilt.facts["max_error_at_n"] < 1e-10
    assert rebuilt.facts[f"error_at_{N}"] < 1e-10
    for image in IMAGES:
        frames = rebuilt.assets[picture_name(image)].pixels
        original = image.pixels((12, 15)) / 255
        assert np.abs(frames[-1].numpy() - original).max() < 1e-10


def test_one_component_is_the_mean_colour(rebuilt):
    first = rebuilt.assets["second"].pixels[0]
    mean = IMAGES[1].pixels((12, 15)).reshape(-1, 3).mean(0) / 255
    assert first.reshape(-1, 3).numpy() == pytest.approx(np.tile(mean, (N, 1)))
    assert rebuilt.facts["error_at_1"] == pytest.approx(1)
    assert rebuilt.facts["energy_at_1"] == pytest.approx(0)


def test_errors_are_what_the_frames_show_and_fall(rebuilt):
    table = rebuilt.tables["errors"]
    assert table["components"] == CUTS
    for image in IMAGES:
        name = picture_name(image)
        original = image.pixels((12, 15)) / 255
        frames = rebuilt.assets[name].pixels.numpy()
        spread = np.linalg.norm(original - original.mean((0, 1)))
        shown = [np.linalg.norm(original - frame) / spread for frame in frames]
        assert table[name] == pytest.approx(shown, abs=1e-12)
        assert (np.diff(table[name]) < 0).all()


def test_parseval_ties_energy_to_error(rebuilt):
    for name in ("first_one", "second"):
        error = np.array(rebuilt.tables["errors"][name])
        assert rebuilt.tables["energy"][name] == pytest.approx(1 - error**2, abs=1e-12)


def test_facts_are_means_over_the_pictures(rebuilt):
    for row, m in enumerate(CUTS):
        errors = [rebuilt.tables["errors"][name][row] for name in ("first_one", "second")]
        assert rebuilt.facts[f"error_at_{m}"] == pytest.approx(np.mean(errors))
        assert rebuilt.tables["errors"]["mean"][row] == pytest.approx(np.mean(errors))


def test_the_fewest_components_for_95_percent(rebuilt):
    neighbours = 4 if rebuilt.facts["split_eigenspaces"] else 8
    _, U = grid_basis(12, 15, neighbours)
    for image in IMAGES:
        x = image.pixels((12, 15)).reshape(N, 3) / 255
        coefficients = ((U.numpy().T @ x) ** 2).sum(1)[1:]
        share = np.cumsum(coefficients) / coefficients.sum()
        fewest = rebuilt.facts[f"components_for_95_percent_{picture_name(image)}"]
        assert share[fewest - 2] >= 0.95 > share[fewest - 3]
        assert fewest <= rebuilt.facts["components_for_95_percent"]


def test_four_neighbours_keep_the_lowest_of_the_cosine_transform():
    # 40 is between two eigenspaces of this grid, where the answer is one whatever the basis.
    values, U = grid_basis(12, 15, 4)
    m = next(start for start, _ in eigenspaces(values) if start >= 40)
    image = IMAGES[0].pixels((12, 15)) / 255
    spectrum = scipy.fft.dctn(image, axes=(0, 1), norm="ortho")
    i, j = np.mgrid[:12, :15]
    pitch = np.sin(np.pi * i / 24) ** 2 + np.sin(np.pi * j / 30) ** 2
    kept = np.where((pitch < np.sort(pitch.ravel())[m] - 1e-9)[..., None], spectrum, 0)
    expected = scipy.fft.idctn(kept, axes=(0, 1), norm="ortho")
    ours = reconstruct(U, torch.tensor(image.reshape(N, 3)), [m])[0].reshape(12, 15, 3)
    assert ours.numpy() == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 1000), st.sampled_from([4, 8]))
def test_between_eigenspaces_the_choice_of_basis_does_not_count(seed, neighbours):
    generator = torch.Generator().manual_seed(seed)
    values, U = grid_basis(6, 6, neighbours)
    x = torch.randn(36, 2, generator=generator, dtype=torch.float64)
    turned = U.clone()
    for start, stop in eigenspaces(values):
        square = torch.randn(stop - start, stop - start, generator=generator, dtype=torch.float64)
        turned[:, start:stop] = U[:, start:stop] @ torch.linalg.qr(square).Q
    cuts = [stop for _, stop in eigenspaces(values)]
    assert torch.allclose(reconstruct(U, x, cuts), reconstruct(turned, x, cuts), atol=1e-9)


def test_splitting_a_tie_is_reported():
    # On a square, waves 2 and 3 of the 4-neighbour grid share an eigenvalue: 2 splits them.
    size = {"height": 8, "width": 8, "neighbours": 4, "images": IMAGES}
    split = spectral_reconstruction(Run(), components=[1, 2, 64], start=1, **size)
    whole = spectral_reconstruction(Run(), components=[1, 3, 64], start=1, **size)
    assert split.facts["split_eigenspaces"] == 1
    assert whole.facts["split_eigenspaces"] == 0


def test_energy_of_a_flat_picture_is_all_there():
    _, U = grid_basis(3, 3, 4)
    assert energy(U, torch.zeros(9, 3, dtype=torch.float64)).tolist() == [1.0] * 9


def test_the_scrubber_finds_what_its_data_names(rebuilt):
    data = rebuilt.data
    assert data["axis"]["values"] == CUTS
    assert data["start"] == {"axis": CUTS.index(20), "choice": 0}
    for choice in data["choices"]:
        frames = encode(choice["frames"], rebuilt.assets[choice["frames"]])
        original = encode(choice["original"], rebuilt.assets[choice["original"]])
        assert frames.meta["frames"] == len(CUTS)
        assert [frames.meta[key] for key in ("width", "height", "scale")] == [15, 12, 6]
        assert [original.meta[key] for key in ("width", "height", "scale")] == [15, 12, 6]
    columns = rebuilt.tables[data["curve"]["table"]]
    assert {data["curve"]["x"], *data["curve"]["y"]} <= set(columns)


def test_components_are_sorted_and_each_kept_once():
    result = spectral_reconstruction(
        Run(), images=IMAGES, components=[20, 1, 20, 5], start=5, **SIZE
    )
    assert result.data["axis"]["values"] == [1, 5, 20]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"components": [0, 20]}, "components go from 1 to 180"),
        ({"components": [20, 181]}, "components go from 1 to 180"),
        ({"start": 3}, "start is 3, which is not among the components"),
        ({"images": [IMAGES[0], IMAGES[0]]}, "are not all different"),
    ],
)
def test_wrong_parameters_are_refused(wrong, message):
    right = {"images": IMAGES, "components": CUTS, "start": 20, **SIZE}
    with pytest.raises(ValueError, match=message):
        spectral_reconstruction(Run(), **(right | wrong))


@pytest.mark.parametrize(
    ("file", "name", "label"),
    [
        ("skimage:chelsea", "chelsea", "Cat"),
        ("skimage:horse", "horse", "Horse"),
        ("pictures/My cat-2.png", "my_cat_2", "My cat 2"),
        ("chelsea", "chelsea", "Chelsea"),
    ],
)
def test_names_and_labels_of_pictures(file, name, label):
    assert picture_name(ImageFile(file)) == name
    assert picture_label(ImageFile(file)) == label
