import warnings

import networkx as nx
import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.recipes.graphs.laplacian import (
    adjacency,
    cosine_basis,
    eigenbasis,
    eigenspaces,
    grid_adjacency,
    grid_basis,
    grid_edges,
    laplacian,
    rayleigh_quotient,
    scaled_laplacian,
)

torch.set_num_threads(1)
SIDE = st.integers(1, 6)
NEIGHBOURS = st.sampled_from([4, 8])


def random_graph(seed, nodes=9, chance=0.4):
    edges = list(nx.gnp_random_graph(nodes, chance, seed=seed).edges)
    return adjacency(torch.tensor(edges).reshape(-1, 2), nodes)


def projectors(values, vectors):
    """Return what a basis is up to the choice within eigenspaces: a projector for each."""
    return [
        vectors[:, start:stop] @ vectors[:, start:stop].T for start, stop in eigenspaces(values)
    ]


@given(SIDE, SIDE)
def test_four_neighbours_are_networkx_grid(height, width):
    grid = nx.grid_2d_graph(height, width)
    expected = nx.to_numpy_array(grid, nodelist=sorted(grid))
    assert np.array_equal(grid_adjacency(height, width, 4).numpy(), expected)


@given(SIDE, SIDE)
def test_eight_neighbours_are_the_pixels_around(height, width):
    A = grid_adjacency(height, width, 8)
    for v in range(height * width):
        for u in range(height * width):
            rows, columns = abs(v // width - u // width), abs(v % width - u % width)
            assert A[v, u] == (max(rows, columns) == 1)


@given(SIDE, SIDE, NEIGHBOURS)
def test_edges_are_sorted_and_each_there_once(height, width, neighbours):
    edges = [tuple(edge) for edge in grid_edges(height, width, neighbours).tolist()]
    assert edges == sorted(set(edges))
    assert all(a < b for a, b in edges)


def test_pixels_have_three_five_or_eight_neighbours():
    degrees = grid_adjacency(5, 7, 8).sum(0).reshape(5, 7)
    assert degrees[0, 0] == 3
    assert degrees[0, 3] == 5
    assert degrees[2, 3] == 8


@given(st.integers(0, 1000))
def test_laplacian_is_that_of_networkx(seed):
    A = random_graph(seed)
    expected = nx.laplacian_matrix(nx.from_numpy_array(A.numpy())).toarray()
    assert np.array_equal(laplacian(A).numpy(), expected)


def test_laplacian_of_a_batch():
    batch = torch.stack([random_graph(1), random_graph(2)])
    assert torch.equal(laplacian(batch)[1], laplacian(random_graph(2)))


@given(st.integers(0, 1000))
def test_rayleigh_quotient_is_the_squared_steps_over_the_squares(seed):
    A = random_graph(seed)
    x = torch.randn(9, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    steps = sum((x[a] - x[b]) ** 2 for a in range(9) for b in range(a) if A[a, b])
    expected = steps / (x**2).sum(0) if A.any() else torch.zeros(3)
    assert torch.allclose(rayleigh_quotient(laplacian(A), x), torch.as_tensor(expected).double())
    assert torch.allclose(rayleigh_quotient(laplacian(A), x[:, 0]), torch.as_tensor(expected)[0])


def test_rayleigh_quotient_of_an_eigenvector_is_its_eigenvalue():
    values, vectors = grid_basis(5, 4, 8)
    L = laplacian(grid_adjacency(5, 4, 8))
    assert torch.allclose(rayleigh_quotient(L, vectors), values, atol=1e-12)


def test_scaled_laplacian_has_its_spectrum_between_minus_one_and_one():
    L = laplacian(grid_adjacency(6, 5, 8))
    values = torch.linalg.eigvalsh(scaled_laplacian(L))
    assert values[0] == pytest.approx(-1, abs=1e-12)
    assert values[-1] == pytest.approx(1, abs=1e-12)
    assert torch.equal(scaled_laplacian(L, 2.0), L - torch.eye(30))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5), (4, 4), (5, 8), (20, 25)])
def test_closed_form_has_the_eigenvalues_of_the_formula(height, width):
    values, _ = grid_basis(height, width, 4)
    i, j = np.mgrid[:height, :width]
    formula = 4 * np.sin(np.pi * i / 2 / height) ** 2 + 4 * np.sin(np.pi * j / 2 / width) ** 2
    assert values.numpy() == pytest.approx(np.sort(formula.ravel()), abs=1e-13)


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize(("height", "width"), [(1, 6), (2, 2), (4, 4), (5, 8), (20, 25)])
def test_basis_diagonalises_the_laplacian(height, width, neighbours):
    values, U = grid_basis(height, width, neighbours)
    L = laplacian(grid_adjacency(height, width, neighbours))
    assert (U.T @ U - torch.eye(len(U))).abs().max() < 1e-12
    assert (L @ U - U * values).abs().max() < 1e-9
    assert (values.diff() >= -1e-12).all()


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize(("height", "width"), [(4, 4), (5, 8), (8, 8), (20, 25)])
def test_basis_spans_the_eigenspaces_of_scipy_and_torch(height, width, neighbours):
    values, U = grid_basis(height, width, neighbours)
    L = laplacian(grid_adjacency(height, width, neighbours))
    for other in (scipy.linalg.eigh(L.numpy()), torch.linalg.eigh(L)):
        theirs = [torch.as_tensor(part) for part in other]
        assert torch.allclose(values, theirs[0], atol=1e-12)
        pairs = zip(projectors(values, U), projectors(*theirs), strict=True)
        assert max((a - b).abs().max() for a, b in pairs) < 1e-6


def test_closed_form_spans_the_eigenspaces_of_pygsp():
    with warnings.catch_warnings():
        # PyGSP imports optional plotting and uses names its dependencies are retiring.
        warnings.simplefilter("ignore")
        from pygsp import graphs

        graph = graphs.Grid2d(6, 9)
        graph.compute_fourier_basis()
    values, U = grid_basis(6, 9, 4)
    theirs = torch.tensor(graph.e), torch.tensor(graph.U)
    assert torch.allclose(values, theirs[0], atol=1e-12)
    pairs = zip(projectors(values, U), projectors(*theirs), strict=True)
    assert max((a - b).abs().max() for a, b in pairs) < 1e-10


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 99))
def test_coefficients_are_the_cosine_transform(height, width, seed):
    x = torch.randn(height, width, generator=torch.Generator().manual_seed(seed)).double()
    _, U = grid_basis(height, width, 4)
    spectrum = torch.tensor(scipy.fft.dctn(x.numpy(), norm="ortho"))
    i, j = np.mgrid[:height, :width]
    formula = 4 * np.sin(np.pi * i / 2 / height) ** 2 + 4 * np.sin(np.pi * j / 2 / width) ** 2
    order = np.argsort(np.round(formula.ravel(), 9), kind="stable")
    assert torch.allclose(U.T @ x.flatten(), spectrum.flatten()[order], atol=1e-12)


def test_path_basis_is_scipys_dct():
    _, vectors = cosine_basis(7)
    assert vectors.T.numpy() == pytest.approx(scipy.fft.dct(np.eye(7), norm="ortho", axis=0))


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_the_basis_does_not_depend_on_what_the_solver_returned(seed):
    generator = torch.Generator().manual_seed(seed)
    L = laplacian(grid_adjacency(4, 4, 8))
    values, U = eigenbasis(L)
    # Turn the vectors within each eigenspace, as another solver might.
    turned = U.clone()
    for start, stop in eigenspaces(values):
        square = torch.randn(stop - start, stop - start, generator=generator, dtype=torch.float64)
        turned[:, start:stop] = U[:, start:stop] @ torch.linalg.qr(square).Q
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.linalg, "eigh", lambda _: (values, turned.clone()))
        _, again = eigenbasis(L)
    assert (again - U).abs().max() < 1e-9


@pytest.mark.parametrize("neighbours", [4, 8])
def test_first_entries_are_positive_and_the_first_vector_constant(neighbours):
    _, U = grid_basis(6, 5, neighbours)
    assert torch.allclose(U[:, 0], torch.full((30,), 30**-0.5, dtype=torch.float64))
    for vector in U.T:
        entries = vector[vector.abs() > 1e-6 * vector.abs().max()]
        assert entries[0] > 0


def test_ties_follow_the_probes():
    # On a square the waves across and down share an eigenvalue; the one across, (0, 1), is first.
    _, U = grid_basis(8, 8, 8)
    across, down = U[:, 1].reshape(8, 8), U[:, 2].reshape(8, 8)
    assert torch.allclose(across, down.T, atol=1e-9)
    assert across.mean(0).abs().min() > 0.01
    assert across.mean(1).abs().max() < 1e-9


def test_eigenspaces_are_runs_of_equal_values():
    values = torch.tensor([0.0, 1.0, 1.0 + 1e-13, 2.0, 2.0, 2.0], dtype=torch.float64)
    assert eigenspaces(values) == [(0, 1), (1, 3), (3, 6)]
