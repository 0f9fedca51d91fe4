import itertools
import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.recipe import Run
from stillroom.recipes.graphs.drawing import describe, edges, hops, layout, neighbours, random_graph
from stillroom.recipes.graphs.laplacian import adjacency
from stillroom.recipes.graphs.layers import (
    MODELS,
    UNIT_WEIGHTS,
    WEIGHTS,
    gat,
    gcn,
    gin,
    sage,
    update,
    update_node,
)
from stillroom.recipes.graphs.message_passing import (
    FIRST_EDGES,
    FIRST_FEATURES,
    message_passing,
)
from stillroom.recipes.graphs.node_order import layer, node_order

GOLDEN = {
    "gcn": [2.5, 5, 0, 4, 6],
    "gat": [5.858, 2.731, 0, 2.762, 5.761],
    "sage": [9, 5, 0, 4, 12],
    "gin": [0, 5, 0, 4, 12],
}


def drawn(seed, n=7, channels=None):
    generator = torch.Generator().manual_seed(seed)
    A = random_graph(n, 0.5, generator)
    shape = (n,) if channels is None else (n, channels)
    return A, torch.randn(shape, generator=generator, dtype=torch.float64), generator


def matrices(generator, channels, wide=4):
    def make(rows, columns):
        return torch.randn(rows, columns, generator=generator, dtype=torch.float64)

    return make(wide, channels), make(wide, channels)


@pytest.mark.parametrize("model", MODELS)
def test_golden_table_holds_for_all_nodes(model):
    A = adjacency(torch.tensor(FIRST_EDGES), 5)
    h = torch.tensor(FIRST_FEATURES, dtype=torch.float64)
    assert update(model, A, h, UNIT_WEIGHTS).tolist() == pytest.approx(GOLDEN[model], abs=1e-3)


def test_attention_of_node_a_is_the_printed_one():
    e = torch.tensor([0.0, 9.0, 12.0])  # C, E and A itself
    shares = torch.softmax(e, 0)
    assert [round(s, 2) for s in shares.tolist()] == [0.0, 0.05, 0.95]
    assert float(shares @ torch.tensor([-10.0, 3.0, 6.0])) == pytest.approx(5.86, abs=0.005)


def test_sage_depends_on_the_order_of_the_neighbours():
    h = FIRST_FEATURES
    assert update_node("sage", 0, [2, 4], h, UNIT_WEIGHTS) == 9
    assert update_node("sage", 0, [4, 2], h, UNIT_WEIGHTS) == 6


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    weights=st.tuples(*[st.floats(-2, 2)] * 4),
    backwards=st.booleans(),
)
def test_matrix_form_equals_the_form_for_one_node(model, seed, weights, backwards):
    A, h, _ = drawn(seed)
    named = dict(zip(WEIGHTS[model], weights, strict=False))
    around = [row[::-1] if backwards else row for row in neighbours(A)]
    one_by_one = [update_node(model, v, around[v], h.tolist(), named) for v in range(len(A))]
    together = update(model, A, h, named, backwards=backwards).tolist()
    assert together == pytest.approx(one_by_one, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_layers_follow_the_order_of_the_nodes(seed):
    A, H, generator = drawn(seed, n=9, channels=3)
    W, B = matrices(generator, 3)
    a = torch.randn(4, generator=generator, dtype=torch.float64)
    order = torch.randperm(9, generator=generator)
    permuted = A[order][:, order], H[order]
    for f in (
        lambda A, H: gcn(A, H, W, B),
        lambda A, H: gat(A, H, W, a),
        lambda A, H: gin(A, H, 0.3),
    ):
        assert (f(*permuted) - f(A, H)[order]).abs().max() < 1e-9
        assert (f(*permuted).sum(0) - f(A, H).sum(0)).abs().max() < 1e-9


def test_sage_does_not_follow_the_order_of_the_nodes():
    A = adjacency(torch.tensor(FIRST_EDGES), 5)
    h = torch.tensor(FIRST_FEATURES, dtype=torch.float64)
    order = torch.tensor([0, 1, 4, 3, 2])  # C and E change places
    difference = (
        update("sage", A[order][:, order], h[order], UNIT_WEIGHTS)
        - update("sage", A, h, UNIT_WEIGHTS)[order]
    )
    assert difference[0] == -3


def test_features_of_several_channels_keep_their_shapes():
    A, H, generator = drawn(1, channels=3)
    W, B = matrices(generator, 3)
    U_s, U_h = torch.eye(5, dtype=torch.float64), torch.ones(5, 3, dtype=torch.float64)
    W_s = torch.ones(4, 5, dtype=torch.float64)
    assert gcn(A, H, W, B).shape == (7, 4)
    assert gat(A, H, W, torch.ones(4, dtype=torch.float64)).shape == (7, 4)
    assert sage(A, H, W=W_s, B=B, U_s=U_s, U_h=U_h).shape == (7, 4)
    assert gin(A, H, 0.0).shape == (7, 3)


@pytest.mark.parametrize("model", MODELS)
def test_an_isolated_node_hears_only_itself(model):
    A, h = torch.zeros(2, 2, dtype=torch.float64), torch.tensor([3.0, -1.0], dtype=torch.float64)
    assert update(model, A, h, UNIT_WEIGHTS).tolist() == pytest.approx([3, 0])


def test_attention_that_sees_no_difference_is_the_mean():
    A, h, _ = drawn(3)
    mean = (A + torch.eye(7)) @ h / (A.sum(1) + 1)
    flat = update("gat", A, h, {"W": 1, "A_W": 0})
    assert torch.allclose(flat, torch.relu(mean), atol=1e-12)


def test_gin_with_eps_minus_one_forgets_the_node_itself():
    A, h, _ = drawn(4)
    assert torch.allclose(update("gin", A, h, {"eps": -1}), torch.relu(A @ h), atol=1e-12)


def test_hops_are_shortest_paths():
    path = adjacency(torch.tensor([[0, 1], [1, 2]]), 4)
    assert hops(path).tolist() == [
        [0, 1, 2, math.inf],
        [1, 0, 1, math.inf],
        [2, 1, 0, math.inf],
        [math.inf, math.inf, math.inf, 0],
    ]


@given(seed=st.integers(0, 1000), n=st.integers(4, 10))
@settings(max_examples=20, deadline=None)
def test_a_layout_fills_its_box_and_keeps_nodes_apart(seed, n):
    A = random_graph(n, 0.5, torch.Generator().manual_seed(seed))
    place = layout(A)
    assert place.isfinite().all()
    assert float(place.min()) >= 0
    assert float(place.max()) <= 1
    assert min(math.dist(p, q) for p, q in itertools.combinations(place.tolist(), 2)) > 0.05


def test_a_description_can_be_read_back():
    A, h, _ = drawn(5)
    told = describe(A, h)
    assert torch.equal(adjacency(torch.tensor(told["edges"]), 7), A)
    assert told["neighbours"] == [[u for u in range(7) if A[v, u]] for v in range(7)]
    assert told["names"] == list("ABCDEFG")
    assert len(edges(A)) == int(A.sum()) // 2


def test_message_passing_gives_graphs_as_asked_and_its_golden_facts():
    result = message_passing(Run(), graphs=9)
    assert result.facts == pytest.approx(
        {"gcn_a": 2.5, "gat_a": 5.8576, "sage_a": 9, "gin_a": 0, "sage_a_reversed": 6}, abs=1e-4
    )
    first, *rest = result.data["graphs"]
    assert (first["edges"], first["features"]) == (FIRST_EDGES, FIRST_FEATURES)
    assert len(rest) == 9
    for graph in rest:
        assert 4 <= len(graph["names"]) <= 10
        assert all(-5 <= x <= 5 and x == int(x) for x in graph["features"])
    assert {model: result.tables["updates"][model] for model in MODELS} == result.data["updated"]


def test_message_passing_is_the_same_for_a_seed():
    assert json.dumps(message_passing(Run(seed=4)).data) == json.dumps(
        message_passing(Run(seed=4)).data
    )
    assert (
        message_passing(Run(seed=4)).data["graphs"] != message_passing(Run(seed=5)).data["graphs"]
    )


@pytest.mark.parametrize("nodes", [4, 6, 8])
def test_node_order_is_equivariant_and_a_dense_readout_is_not(nodes):
    result = node_order(Run(), nodes=nodes)
    facts, graph = result.facts, result.data["graph"]
    assert facts["difference"] < 1e-9
    assert facts["dense"] != pytest.approx(facts["dense_reordered"])
    for check in result.data["reference"]:
        assert check["sum"] == pytest.approx(facts["sum"])
    A = adjacency(torch.tensor(graph["edges"]), nodes)
    x = torch.tensor(graph["features"], dtype=torch.float64)
    alone = [
        update_node("gcn", v, graph["neighbours"][v], x.tolist(), UNIT_WEIGHTS)
        for v in range(nodes)
    ]
    assert layer(A, x).tolist() == pytest.approx(alone)
    assert sorted(result.data["order"]) == list(range(nodes))
    assert bool(hops(A).isfinite().all())
