"""A graph convolutional network on the karate club, against graphs that mean nothing.

The network is that of T. Kipf and M. Welling, "Semi-Supervised Classification with Graph
Convolutional Networks" (ICLR 2017), in our own code: two layers of H' = f(S H W + b) with
S = D^-1/2 (A + I) D^-1/2. We train it for a fixed number of steps, without dropout or weight
decay, and without looking at the nodes it is tested on. The rewired control follows S. Maslov and
K. Sneppen, "Specificity and Stability in Topology of Protein Networks" (Science 296, 2002).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import altair as alt
import torch
from pydantic import Field
from torch import Tensor

from stillroom.media import theme
from stillroom.media.kinds import Chart
from stillroom.models.karate import EDGES, FACTIONS, MEMBERS
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.graphs.laplacian import adjacency

ARMS = {
    "graph": "GCN, friendships",
    "rewired": "GCN, rewired",
    "permuted": "GCN, shuffled",
    "none": "MLP, no graph",
}
SWAPS = 10  # accepted swaps an edge: an edge's ends are then as good as forgotten
RESAMPLES = 10_000
LEVEL = 0.95


@recipe(view="chart", draft={"steps": 40}, cost="seconds", packages=["torch"])
def node_classification(
    run: Run,
    *,
    seeds: Annotated[int, Field(ge=2, le=1000)] = 40,
    labelled: Annotated[int, Field(ge=1, le=8)] = 2,
    hidden: Annotated[int, Field(ge=1, le=256)] = 16,
    steps: Annotated[int, Field(ge=1)] = 200,
    rate: Annotated[float, Field(gt=0)] = 0.01,
) -> Result:
    """Tell the club's two factions apart from a few labels, with and without the true graph.

    A node's feature is only which node it is (one-hot), so all that tells one member from another
    is the graph. For each seed we draw the labelled members and the initial weights, and train the
    same network four times from there:

    - ``graph``: on the friendships;
    - ``rewired``: pairs of edges have swapped ends, which keeps every degree and nothing else;
    - ``permuted``: the graph keeps its shape, and the members their labels, but who stands where
      is shuffled;
    - ``none``: on no edges at all, which makes the network a multilayer perceptron. Having seen
      nothing of an unlabelled member, it can only guess: the floor, and a check of the code.

    Accuracy is measured on the members without a label, after the last step. Intervals are
    percentile bootstrap (10,000 resamples of the seeds) at 95 %. They cover the draw of labels,
    weights and controls, and not the choice of club.

    Args:
        run: gives the device and the random numbers.
        seeds: independent repetitions.
        labelled: labelled members of each faction, drawn at random for each seed.
        hidden: units of the hidden layer.
        steps: training steps (Adam, on all labelled members at once).
        rate: learning rate.

    Returns:
        Chart ``accuracy``; table ``runs`` (``seed`` and the accuracy of each arm) and ``summary``
        (``arm``, ``mean``, ``sd``, ``low``, ``high``). Facts: ``<arm>_mean``, ``<arm>_sd``,
        ``<arm>_low``, ``<arm>_high``; for each control ``gain_over_<arm>`` (the mean over seeds of
        the paired difference of accuracies) with ``_low`` and ``_high``, and
        ``seeds_better_than_<arm>``; ``seeds``, ``labelled``, ``tested`` (members a seed).
    """
    labels = torch.tensor(FACTIONS)
    graph = adjacency(torch.tensor(EDGES), MEMBERS)
    masks, graphs, weights = [], [], []
    for seed in range(seeds):
        generator = run.generator("node-classification", seed)
        masks.append(draw_labelled(labels, labelled, generator))
        weights.append(initial_weights(MEMBERS, hidden, 2, generator))
        order = torch.randperm(MEMBERS, generator=generator)
        rewired = adjacency(rewire(torch.tensor(EDGES), generator), MEMBERS)
        graphs.append(
            torch.stack([graph, rewired, graph[order][:, order], torch.zeros_like(graph)])
        )

    # One batch of networks, [arms x seeds]: they share nothing, so training them together is exact.
    S = propagation(torch.stack(graphs, dim=1).flatten(0, 1)).float().to(run.device)
    start = {
        name: torch.stack([seed[name] for seed in weights]).repeat(len(ARMS), 1, 1).to(run.device)
        for name in weights[0]
    }
    mask = torch.stack(masks).repeat(len(ARMS), 1).to(run.device)
    trained = train(run, S, start, labels.to(run.device), mask, steps=steps, rate=rate)
    right = gcn(S, trained).argmax(-1) == labels.to(run.device)  # [arms x seeds, n]
    accuracy = ((right & ~mask).sum(1).double() / (~mask).sum(1)).cpu().reshape(len(ARMS), seeds)

    bootstrap = run.generator("node-classification", "bootstrap")
    resample = torch.randint(seeds, (RESAMPLES, seeds), generator=bootstrap)
    table = dict(zip(ARMS, accuracy, strict=True))
    summary = {arm: summarise(values, resample) for arm, values in table.items()}
    facts: dict[str, float | int] = {
        "seeds": seeds,
        "labelled": 2 * labelled,
        "tested": MEMBERS - 2 * labelled,
    }
    for arm, numbers in summary.items():
        facts |= {f"{arm}_{key}": value for key, value in numbers.items()}
    for arm in [arm for arm in ARMS if arm != "graph"]:
        gain = summarise(table["graph"] - table[arm], resample)
        facts[f"gain_over_{arm}"] = gain["mean"]
        facts[f"gain_over_{arm}_low"] = gain["low"]
        facts[f"gain_over_{arm}_high"] = gain["high"]
        facts[f"seeds_better_than_{arm}"] = int((table["graph"] > table[arm]).sum())
    return Result(
        facts=facts,
        tables={
            "runs": {"seed": list(range(seeds))} | {a: v.tolist() for a, v in table.items()},
            "summary": {
                "arm": list(ARMS.values()),
                **{
                    key: [summary[arm][key] for arm in ARMS]
                    for key in ("mean", "sd", "low", "high")
                },
            },
        },
        assets={"accuracy": Chart(dots(table, summary))},
    )


def propagation(A: Tensor) -> Tensor:
    """Return D^-1/2 (A + I) D^-1/2 with D the degrees of A + I: ``[..., n, n]`` to the same."""
    looped = A + torch.eye(A.shape[-1], dtype=A.dtype)
    scale = looped.sum(-1).rsqrt()
    return scale[..., :, None] * looped * scale[..., None, :]


def gcn_layer(S: Tensor, H: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """Return S H W + b: each node's neighbourhood averaged, then mixed.

    Args:
        S: ``[..., n, n]``, how nodes propagate.
        H: ``[..., n, f]``, features.
        W: ``[..., f, g]``.
        b: ``[..., 1, g]``.

    Returns:
        ``[..., n, g]``.
    """
    return S @ (H @ W) + b


def gcn(S: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    """Return the logits ``[..., n, classes]`` of two layers on one-hot features."""
    one_hot = torch.eye(S.shape[-1], dtype=S.dtype, device=S.device)
    hidden = gcn_layer(S, one_hot, weights["W1"], weights["b1"]).relu()
    return gcn_layer(S, hidden, weights["W2"], weights["b2"])


def initial_weights(
    features: int, hidden: int, classes: int, generator: torch.Generator
) -> dict[str, Tensor]:
    """Draw weights uniformly within ± sqrt(6 / (fan in + fan out)) (Glorot and Bengio, 2010)."""

    def draw(rows: int, columns: int) -> Tensor:
        limit = math.sqrt(6 / (rows + columns))
        return (2 * torch.rand(rows, columns, generator=generator) - 1) * limit

    return {
        "W1": draw(features, hidden),
        "b1": torch.zeros(1, hidden),
        "W2": draw(hidden, classes),
        "b2": torch.zeros(1, classes),
    }


def train(
    run: Run,
    S: Tensor,
    start: Mapping[str, Tensor],
    labels: Tensor,
    mask: Tensor,
    *,
    steps: int,
    rate: float,
) -> dict[str, Tensor]:
    """Train a batch of independent networks by Adam on the labelled nodes' cross-entropy.

    Args:
        run: told of progress.
        S: ``[r, n, n]``, one graph a network.
        start: initial weights, each ``[r, ...]``.
        labels: ``[n]``, classes.
        mask: bool ``[r, n]``, which nodes are labelled; equally many for each network.
        steps: updates.
        rate: learning rate.

    Returns:
        The trained weights, detached.
    """
    weights = {name: tensor.clone().requires_grad_() for name, tensor in start.items()}
    optimiser = torch.optim.Adam(weights.values(), lr=rate)
    for _ in run.steps(range(steps), note="training steps"):
        optimiser.zero_grad()
        torch.autograd.backward(loss(gcn(S, weights), labels, mask))
        optimiser.step()
    return {name: tensor.detach() for name, tensor in weights.items()}


def loss(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Return the sum over networks of the mean cross-entropy over their labelled nodes."""
    right = logits.log_softmax(-1).gather(-1, labels.expand(mask.shape)[..., None])[..., 0]
    return -((right * mask).sum(-1) / mask.sum(-1)).sum()


def draw_labelled(labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return a mask ``[n]`` of `count` random nodes of each class in `labels` ``[n]``."""
    mask = torch.zeros(len(labels), dtype=torch.bool)
    for label in range(int(labels.max()) + 1):
        members = (labels == label).nonzero().flatten()
        mask[members[torch.randperm(len(members), generator=generator)[:count]]] = True
    return mask


def rewire(edges: Tensor, generator: torch.Generator) -> Tensor:
    """Swap the ends of random pairs of edges, which leaves every node its degree.

    Of edges (a, b) and (c, d) it makes (a, d) and (c, b), unless that would join a node to itself
    or make an edge that is there already. The graph may fall apart into components.

    Args:
        edges: int64 ``[m, 2]``, each once.
        generator: the source of chance.

    Returns:
        int64 ``[m, 2]`` after 10 m swaps.
    """
    pairs = [(int(a), int(b)) for a, b in edges]
    present = {frozenset(pair) for pair in pairs}
    swaps = 0
    while swaps < SWAPS * len(pairs):
        draws = torch.randint(len(pairs), (1024, 2), generator=generator).tolist()
        flips = torch.rand(1024, generator=generator).tolist()
        for (first, second), flip in zip(draws, flips, strict=True):
            (a, b), (c, d) = pairs[first], pairs[second]
            if flip < 0.5:  # an edge has no direction, so both pairings are as likely
                c, d = d, c
            new = (frozenset((a, d)), frozenset((c, b)))
            if len({a, b, c, d}) < 4 or present & set(new):
                continue
            present -= {frozenset((a, b)), frozenset((c, d))}
            present |= set(new)
            pairs[first], pairs[second] = (a, d), (c, b)
            swaps += 1
            if swaps == SWAPS * len(pairs):
                break
    return torch.tensor(pairs)


def summarise(values: Tensor, resample: Tensor) -> dict[str, float]:
    """Return mean, standard deviation and the bootstrap interval of the mean.

    Args:
        values: ``[s]``, one a seed.
        resample: int64 ``[r, s]``, the seeds in each of r resamples.
    """
    tail = (1 - LEVEL) / 2
    ends = values[resample].mean(1).quantile(torch.tensor([tail, 1 - tail], dtype=values.dtype))
    return {
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "low": float(ends[0]),
        "high": float(ends[1]),
    }


def dots(
    table: Mapping[str, Tensor], summary: Mapping[str, Mapping[str, float]]
) -> alt.LayerChart | alt.FacetChart:
    """Draw a dot for each seed, and over each row of dots its mean and interval."""
    runs = [
        {"arm": ARMS[arm], "seed": seed, "accuracy": value, "place": stack}
        for arm, values in table.items()
        for seed, (value, stack) in enumerate(zip(values.tolist(), stacked(values), strict=True))
    ]
    means = [{"arm": ARMS[arm], **numbers} for arm, numbers in summary.items()]
    arm = alt.Y("arm:N", title=None, sort=list(ARMS.values()), axis=alt.Axis(grid=False))
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("accuracy:Q", title="Test accuracy", scale=scale).axis(
        format="%", values=[0, 0.25, 0.5, 0.75, 1]
    )
    seeds = (
        alt.Chart({"values": runs})
        .mark_circle(size=26, opacity=0.7)
        .encode(
            x=x,
            y=arm,
            yOffset=alt.YOffset("place:Q", scale=alt.Scale(domain=[-1, 1])),
            color=alt.Color("arm:N", sort=list(ARMS.values()), legend=None),
            tooltip=["arm:N", "seed:Q", alt.Tooltip("accuracy:Q", format=".1%")],
        )
    )
    base = alt.Chart({"values": means}).encode(y=arm)
    tooltip = [
        "arm:N",
        *(alt.Tooltip(f"{key}:Q", format=".1%") for key in ("mean", "low", "high")),
    ]
    interval = base.mark_rule(strokeWidth=3, color=theme.INK).encode(
        x=alt.X("low:Q", scale=scale), x2="high:Q", tooltip=tooltip
    )
    mean = base.mark_tick(thickness=2, size=20, color=theme.INK).encode(
        x=alt.X("mean:Q", scale=scale), tooltip=tooltip
    )
    return alt.layer(seeds, interval, mean).properties(width="container", height=240)


def stacked(values: Tensor) -> list[float]:
    """Return a height in [-1, 1] for each dot, so that equal values stand beside one another."""
    met: dict[float, int] = {}
    places = []
    for value in values.tolist():
        count = met.get(value, 0)
        met[value] = count + 1
        # 0, +1, -1, +2, -2, ... steps from the middle of the row
        places.append((count + 1) // 2 * (1 if count % 2 else -1))
    most = max(1, *(abs(place) for place in places))
    return [place / most for place in places]
