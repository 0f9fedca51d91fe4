import json

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.media.encode import encode
from stillroom.models.karate import EDGES, FACTIONS, MEMBERS
from stillroom.recipe import Run
from stillroom.recipes.graphs.laplacian import adjacency
from stillroom.recipes.graphs.node_classification import (
    ARMS,
    draw_labelled,
    gcn,
    gcn_layer,
    initial_weights,
    loss,
    node_classification,
    propagation,
    rewire,
    stacked,
    summarise,
    train,
)

torch.set_num_threads(1)
LABELS = torch.tensor(FACTIONS)
CLUB = adjacency(torch.tensor(EDGES), MEMBERS)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def double(weights):
    return {name: tensor.double() for name, tensor in weights.items()}


@pytest.fixture(scope="module")
def trained():
    return node_classification(Run())


@given(st.integers(0, 1000))
def test_a_layer_is_the_sum_over_neighbours_written_out(seed):
    rng = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(7, 0.4, seed=seed)
    A = torch.tensor(nx.to_numpy_array(graph))
    H, W, b = rng.normal(size=(7, 3)), rng.normal(size=(3, 2)), rng.normal(size=(1, 2))
    expected = np.zeros((7, 2))
    for v in graph:
        for u in [v, *graph[v]]:
            weight = 1 / np.sqrt((graph.degree[v] + 1) * (graph.degree[u] + 1))
            expected[v] += weight * (H[u] @ W)
        expected[v] += b[0]
    ours = gcn_layer(propagation(A), *map(torch.tensor, (H, W, b)))
    assert ours.numpy() == pytest.approx(expected)


def test_without_edges_the_network_is_a_multilayer_perceptron():
    weights = initial_weights(5, 4, 2, generator(0))
    S = propagation(torch.zeros(5, 5))
    assert torch.equal(S, torch.eye(5))
    by_hand = weights["W1"].relu() @ weights["W2"] + weights["b2"]  # one-hot features, zero bias
    assert torch.allclose(gcn(S, weights), by_hand)


def test_the_order_of_nodes_changes_only_the_order_of_outputs():
    weights = double(initial_weights(MEMBERS, 8, 2, generator(1)))
    order = torch.randperm(MEMBERS, generator=generator(2))
    turned = {**weights, "W1": weights["W1"][order]}  # one-hot features move with their nodes
    ours = gcn(propagation(CLUB[order][:, order]), turned)
    assert torch.allclose(ours, gcn(propagation(CLUB), weights)[order], atol=1e-12)


def test_gradients_are_right():
    weights = double(initial_weights(6, 3, 2, generator(3)))
    S = propagation(CLUB[:6, :6])
    labels = torch.tensor([0, 1, 0, 1, 0, 1])
    mask = torch.tensor([[True, True, False, True, False, False]])
    names = list(weights)

    def of(*tensors):
        named = {name: t[None] for name, t in zip(names, tensors, strict=True)}
        return loss(gcn(S[None], named), labels, mask)

    inputs = [weights[name].requires_grad_() for name in names]
    assert torch.autograd.gradcheck(of, inputs)


def test_the_loss_is_cross_entropy_on_labelled_nodes_only():
    logits = torch.randn(2, 5, 2, generator=generator(4))
    labels = torch.tensor([0, 1, 1, 0, 1])
    masks = torch.tensor([[True, False, True, False, False], [False, True, False, True, False]])
    expected = sum(
        torch.nn.functional.cross_entropy(logits[i][masks[i]], labels[masks[i]]) for i in range(2)
    )
    assert torch.allclose(loss(logits, labels, masks), expected)


def test_networks_trained_together_are_as_if_trained_alone():
    seeds = [5, 6, 7]
    S = propagation(CLUB)
    starts = [double(initial_weights(MEMBERS, 4, 2, generator(seed))) for seed in seeds]
    masks = torch.stack([draw_labelled(LABELS, 2, generator(seed)) for seed in seeds])
    together = train(
        Run(),
        S.expand(3, -1, -1),
        {name: torch.stack([start[name] for start in starts]) for name in starts[0]},
        LABELS,
        masks,
        steps=20,
        rate=0.01,
    )
    for index, start in enumerate(starts):
        single = {name: tensor[None] for name, tensor in start.items()}
        alone = train(Run(), S[None], single, LABELS, masks[index][None], steps=20, rate=0.01)
        for name in start:
            assert torch.allclose(alone[name][0], together[name][index], atol=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_labelled_nodes_are_drawn_evenly_from_both_classes(seed, count):
    mask = draw_labelled(LABELS, count, generator(seed))
    assert mask.sum() == 2 * count
    assert LABELS[mask].sum() == count


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_rewiring_keeps_every_degree_and_little_else(seed):
    rewired = rewire(torch.tensor(EDGES), generator(seed)).tolist()
    before, after = {frozenset(e) for e in EDGES}, {frozenset(e) for e in rewired}
    assert len(after) == len(before) == len(rewired)
    assert all(len(edge) == 2 for edge in after)
    degrees = adjacency(torch.tensor(rewired), MEMBERS).sum(0)
    assert torch.equal(degrees, CLUB.sum(0))
    assert len(before & after) < len(before) / 2


def test_rewiring_reaches_every_graph_equally_often():
    # Of the 15 graphs of three separate edges on six nodes each should turn up as often.
    counts = {}
    for seed in range(1500):
        edges = rewire(torch.tensor([[0, 1], [2, 3], [4, 5]]), generator(seed)).tolist()
        key = frozenset(frozenset(edge) for edge in edges)
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 15
    assert min(counts.values()) > 60
    assert max(counts.values()) < 140


def test_intervals_agree_with_students_t():
    values = torch.randn(60, generator=generator(8), dtype=torch.float64)
    resample = torch.randint(60, (10_000, 60), generator=generator(9))
    summary = summarise(values, resample)
    assert summary["mean"] == pytest.approx(values.numpy().mean())
    assert summary["sd"] == pytest.approx(values.numpy().std(ddof=1))
    half = 2.001 * summary["sd"] / 60**0.5
    assert summary["low"] == pytest.approx(summary["mean"] - half, abs=0.1 * half)
    assert summary["high"] == pytest.approx(summary["mean"] + half, abs=0.1 * half)


def test_the_graph_helps_and_its_controls_do_not(trained):
    facts = trained.facts
    assert facts["seeds"] >= 20
    assert facts["graph_mean"] > 0.85
    for control in ("rewired", "permuted", "none"):
        assert abs(facts[f"{control}_mean"] - 0.5) < 0.06
        assert facts[f"gain_over_{control}_low"] > 0.3
        assert facts[f"gain_over_{control}"] == pytest.approx(
            facts["graph_mean"] - facts[f"{control}_mean"]
        )


def test_facts_are_those_of_the_runs(trained):
    runs = trained.tables["runs"]
    assert runs["seed"] == list(range(trained.facts["seeds"]))
    for arm in ARMS:
        values = np.array(runs[arm])
        assert trained.facts[f"{arm}_mean"] == pytest.approx(values.mean())
        assert trained.facts[f"{arm}_sd"] == pytest.approx(values.std(ddof=1))
        # An accuracy is a count of the 30 members tested.
        assert values * 30 == pytest.approx(np.round(values * 30))
    better = np.sum(np.array(runs["graph"]) > np.array(runs["none"]))
    assert trained.facts["seeds_better_than_none"] == better


def test_the_same_seed_gives_the_same_numbers_and_another_gives_others():
    first, again, other = (
        node_classification(Run(seed=seed), seeds=4, steps=30) for seed in (1, 1, 2)
    )
    assert first.tables == again.tables
    assert encode("accuracy", first.assets["accuracy"]) == encode(
        "accuracy", again.assets["accuracy"]
    )
    assert first.tables != other.tables


def test_the_chart_shows_every_run(trained):
    encoded = encode("accuracy", trained.assets["accuracy"])
    assert set(encoded.files) == {"main", "svg", "narrow"}
    spec = json.loads(encoded.files["main"].content)
    rows = spec["datasets"][spec["layer"][0]["data"]["name"]]
    assert len(rows) == len(ARMS) * trained.facts["seeds"]
    drawn = sorted(row["accuracy"] for row in rows if row["arm"] == ARMS["graph"])
    assert drawn == pytest.approx(sorted(trained.tables["runs"]["graph"]), abs=1e-6)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_dots_of_equal_value_have_places_of_their_own(values):
    places = stacked(torch.tensor(values).double())
    dots = set(zip(values, places, strict=True))
    assert len(dots) == len(values)
    assert all(-1 <= place <= 1 for place in places)
