import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.recipe import Run
from stillroom.recipes.graphs.drawing import hops
from stillroom.recipes.graphs.laplacian import (
    adjacency,
    grid_adjacency,
    laplacian,
    scaled_laplacian,
)
from stillroom.recipes.graphs.message_passing import message_passing
from stillroom.recipes.graphs.neighbourhoods import gabriel, neighbourhoods
from stillroom.recipes.graphs.node_order import node_order
from stillroom.recipes.graphs.polynomial_filter import polynomial, polynomial_filter
from stillroom.recipes.graphs.spectral_sliders import GOLDEN, spectral_sliders
from stillroom.testing import run_recipe


@pytest.mark.parametrize(("neighbours", "golden"), [(8, 1.766), (4, 0.716)])
def test_the_golden_mixture(neighbours, golden):
    facts = spectral_sliders(Run(), neighbours=neighbours).facts
    assert facts["golden_rayleigh"] == pytest.approx(golden, abs=5e-4)
    assert facts["golden_rayleigh_8"] == pytest.approx(1.766, abs=5e-4)
    assert facts["golden_rayleigh_4"] == pytest.approx(0.716, abs=5e-4)


def test_the_golden_quotient_depends_on_eigenvalues_alone():
    """So it holds whichever vectors a solver chooses inside an eigenspace."""
    values = torch.linalg.eigvalsh(laplacian(grid_adjacency(8, 8, 8)))[:10]
    energy = torch.tensor(GOLDEN, dtype=torch.float64) ** 2
    mean = float((energy * values).sum() / energy.sum())
    assert spectral_sliders(Run()).facts["golden_rayleigh"] == pytest.approx(mean)
    # The cut after ten waves splits no eigenspace, so the space they span is unique, too.
    following = torch.linalg.eigvalsh(laplacian(grid_adjacency(8, 8, 8)))[10]
    assert following - values[9] > 0.1


def test_waves_are_orthonormal_and_alone_have_their_eigenvalue():
    data = spectral_sliders(Run()).data
    waves = torch.tensor(data["waves"], dtype=torch.float64)
    assert torch.allclose(waves @ waves.T, torch.eye(10, dtype=torch.float64), atol=1e-10)
    L = laplacian(adjacency(torch.tensor(data["edges"]), 64))
    expected = torch.tensor(data["eigenvalues"], dtype=torch.float64)[:, None] * waves
    assert torch.allclose(waves @ L, expected, atol=1e-10)


def test_four_neighbours_have_the_cosine_spectrum():
    facts = spectral_sliders(Run(), neighbours=4).facts
    path = 4 * torch.sin(torch.pi * torch.arange(8, dtype=torch.float64) / 16) ** 2
    cosine = (path[:, None] + path).flatten().sort().values[:10]
    found = [facts[f"eigenvalue_{i}"] for i in range(1, 11)]
    assert found == pytest.approx(cosine.tolist(), abs=1e-10)


@settings(max_examples=30, deadline=None)
@given(
    weights=st.lists(st.floats(-1, 1), min_size=1, max_size=5),
    basis=st.sampled_from(["powers", "chebyshev"]),
    neighbours=st.sampled_from([4, 8]),
)
def test_a_polynomial_is_the_spectral_filter_with_its_values(weights, basis, neighbours):
    L = scaled_laplacian(laplacian(grid_adjacency(4, 5, neighbours)))
    values, U = torch.linalg.eigh(L)
    if basis == "chebyshev":
        angle = values.clamp(-1, 1).acos()
        knobs = sum(w * torch.cos(i * angle) for i, w in enumerate(weights))
    else:
        knobs = sum(w * values**i for i, w in enumerate(weights))
    spectral = U @ torch.diag(knobs) @ U.T
    assert (polynomial(L, weights, basis) - spectral).abs().max() < 1e-7


@pytest.mark.parametrize("basis", ["powers", "chebyshev"])
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_degree_d_reaches_d_hops(basis, degree):
    A = grid_adjacency(5, 5, 8)
    filtered = polynomial(laplacian(A), [0.0] * degree + [1.0], basis)
    assert (filtered[hops(A) > degree] == 0).all()
    assert (filtered[hops(A) == degree] != 0).all()


@pytest.mark.parametrize("neighbours", [4, 8])
def test_the_scaled_spectrum_lies_within_one(neighbours):
    tilde = scaled_laplacian(laplacian(grid_adjacency(5, 5, neighbours)))
    values = torch.linalg.eigvalsh(tilde)
    assert values[0] == pytest.approx(-1)
    assert values[-1] == pytest.approx(1)


@pytest.mark.parametrize("basis", ["powers", "chebyshev"])
def test_polynomials_follow_the_order_of_the_nodes(basis):
    L = laplacian(grid_adjacency(4, 4, 8))
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    x = torch.linspace(-1, 1, 16, dtype=torch.float64)
    weights = [0.3, -0.5, 0.2]
    there = polynomial(L[order][:, order], weights, basis) @ x[order]
    assert (there - (polynomial(L, weights, basis) @ x)[order]).abs().max() < 1e-9


def test_weights_of_one_power_give_the_signal_and_its_differences():
    result = polynomial_filter(Run(), weights=[1, 0, 0])
    picture = [float(bit) for bit in result.data["initial"]["pixels"]]
    assert result.data["output"] == picture
    A = grid_adjacency(5, 5, 8)
    x = torch.tensor(picture, dtype=torch.float64)
    once = polynomial_filter(Run(), weights=[0, 1, 0]).data["output"]
    assert once == pytest.approx((A.sum(1) * x - A @ x).tolist())


def test_polynomial_filter_tells_of_its_grid():
    facts = polynomial_filter(Run()).facts
    assert (facts["corner_degree"], facts["edge_degree"], facts["centre_degree"]) == (3, 5, 8)
    assert facts["reach"] == 1
    assert polynomial_filter(Run(), neighbours=4, weights=[0, 0, 1]).facts["reach"] == 2


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(ValueError, match="expected 25 zeros and ones, found '101'"):
        polynomial_filter(Run(), pixels="101")


def test_the_graph_of_neighbourhoods_is_connected_and_uneven():
    result = neighbourhoods(Run())
    A = adjacency(torch.tensor(result.data["edges"]), 36)
    assert hops(A).isfinite().all()
    assert result.facts["least_neighbours"] < result.facts["most_neighbours"]
    assert result.facts["edges"] == len(result.data["edges"])
    for drawing in result.data["drawings"]:
        place = torch.tensor(drawing)
        assert float(torch.pdist(place).min()) > 0.05
    for node, (near, far) in enumerate(result.data["reference"]):
        assert near == [u for u in range(36) if A[node, u]]
        assert far == [u for u in range(36) if (A @ A)[node, u] and not A[node, u] and u != node]


def test_gabriel_graph_joins_what_nothing_lies_between():
    points = torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 0.1], [1.0, 3.0]], dtype=torch.float64)
    joined = gabriel(points)
    assert joined[0, 1] == 0  # the third lies between
    assert joined[0, 2] == joined[1, 2] == joined[2, 3] == 1
    assert torch.equal(joined, joined.T)
    assert joined.diagonal().sum() == 0


@pytest.mark.parametrize(
    ("recipe", "params"),
    [
        (spectral_sliders, {"side": 3}),
        (spectral_sliders, {"neighbours": 6}),
        (polynomial_filter, {"side": 9}),
        (polynomial_filter, {"weights": [1, 2]}),
        (polynomial_filter, {"basis": "fourier"}),
        (neighbourhoods, {"side": 20}),
        (message_passing, {"graphs": 0}),
        (node_order, {"nodes": 12}),
    ],
)
def test_parameters_are_checked(recipe, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        run_recipe(recipe, **params)


@pytest.mark.parametrize(
    "recipe", [spectral_sliders, polynomial_filter, neighbourhoods, message_passing, node_order]
)
def test_recipes_run_with_what_an_article_need_not_say(recipe):
    assert run_recipe(recipe).data["reference"]
