"""The playground of message passing: small graphs, four layers, and their outputs to check by."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.graphs.drawing import describe, neighbours, random_graph
from stillroom.recipes.graphs.laplacian import adjacency
from stillroom.recipes.graphs.layers import MODELS, UNIT_WEIGHTS, WEIGHTS, update

# A-C, A-E, B-E, D-E; the features of A to E.
FIRST_EDGES = [[0, 2], [0, 4], [1, 4], [3, 4]]
FIRST_FEATURES = [6.0, 2.0, -10.0, 1.0, 3.0]


@recipe(view="message-passing", packages=["torch"])
def message_passing(
    run: Run,
    *,
    graphs: Annotated[int, Field(ge=1, le=40)] = 12,
    references: Annotated[int, Field(ge=4, le=200)] = 24,
) -> Result:
    """Step a reader through one update of GCN, GAT, GraphSAGE and GIN on a small graph.

    The first graph has five nodes, A-C, A-E, B-E, D-E, with features 6, 2, -10, 1, 3. The others
    have 4 to 10 nodes with whole features from -5 to 5, each pair of nodes joined with
    probability 1/2. The formulas and their sources are in `stillroom.recipes.graphs.layers`.

    Args:
        run: gives the seed of the random graphs and of the references.
        graphs: random graphs to choose from.
        references: random inputs with outputs in float64, by which the browser is checked.

    Returns:
        Facts: ``gcn_a``, …: the new feature of node A with all weights 1 and ε = 0, for each
        model; ``sage_a_reversed``: the same for GraphSAGE when A's neighbours are visited as
        (E, C). Table ``updates``: a row a node, a column a model. Data: ``graphs``, ``weights``
        (the names and starting values of each model), ``updated`` and ``reference``.
    """
    first = (
        adjacency(torch.tensor(FIRST_EDGES), 5),
        torch.tensor(FIRST_FEATURES, dtype=torch.float64),
    )
    generator = run.generator("graphs")
    drawn = [first, *(_random(generator) for _ in range(graphs))]
    updated = {model: update(model, *first, UNIT_WEIGHTS) for model in MODELS}
    reversed_sage = update("sage", *first, UNIT_WEIGHTS, backwards=True)
    names = describe(*first)["names"]
    return Result(
        facts={
            **{f"{model}_a": float(values[0]) for model, values in updated.items()},
            "sage_a_reversed": float(reversed_sage[0]),
        },
        tables={
            "updates": {
                "node": names,
                "feature": FIRST_FEATURES,
                **{model: values.tolist() for model, values in updated.items()},
            }
        },
        data={
            "graphs": [describe(A, h) for A, h in drawn],
            "weights": {model: {w: UNIT_WEIGHTS[w] for w in WEIGHTS[model]} for model in MODELS},
            "updated": {model: values.tolist() for model, values in updated.items()},
            "reference": [_reference(i, run.generator("reference", i)) for i in range(references)],
        },
    )


def _random(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    n = int(torch.randint(4, 11, (), generator=generator))
    A = random_graph(n, 0.5, generator)
    return A, torch.randint(-5, 6, (n,), generator=generator).double()


def _reference(index: int, generator: torch.Generator) -> dict[str, Any]:
    """One model on one random graph with random weights: what went in and what came out."""
    model = MODELS[index % len(MODELS)]
    A, h = _random(generator)
    drawn = torch.rand(len(WEIGHTS[model]), generator=generator, dtype=torch.float64) * 4 - 2
    # Rounded first: the page stores seven digits, and both sides must start from the same number.
    weights = {
        name: round(value, 3) for name, value in zip(WEIGHTS[model], drawn.tolist(), strict=True)
    }
    backwards = bool(torch.randint(2, (), generator=generator))
    return {
        "model": model,
        "neighbours": neighbours(A),
        "features": h.tolist(),
        "weights": weights,
        "backwards": backwards,
        "updated": update(model, A, h, weights, backwards=backwards).tolist(),
    }
