"""Rebuild pictures from the smoothest eigenvectors of the pixel grid's Laplacian.

The idea is the graph Fourier transform of D. Shuman and others, "The Emerging Field of Signal
Processing on Graphs" (IEEE Signal Processing Magazine 30, 2013).
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Frames, Image
from stillroom.models.pictures import PICTURES, PREFIX
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.graphs.laplacian import Neighbours, eigenspaces, grid_basis

SCALE = 6  # CSS pixels a pixel: 50 of them are as wide as a phone's column
SHARE = 0.95
COMPONENTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 750, 1000, 1500, 2000]
Size = Annotated[int, Field(ge=2, le=64)]


@recipe(view="scrubber", cost="seconds", packages=["torch", "pillow"])
def spectral_reconstruction(
    run: Run,
    *,
    images: Annotated[list[ImageFile], Field(min_length=1)],
    components: Annotated[list[int], Field(min_length=1)] = COMPONENTS,
    start: int = 100,
    height: Size = 40,
    width: Size = 50,
    neighbours: Neighbours = 8,
) -> Result:
    """Rebuild pictures from their smoothest graph-Laplacian eigenvectors.

    A channel x of n = height × width pixels becomes x_m = U_m U_m^T x, where the columns of U_m are
    the m eigenvectors of smallest eigenvalue. Two measures follow a picture, all channels together:
    its *error*, ``|x - x_m| / |x - mean|`` (2-norms), and the share of its *energy*, which is
    1 - error² by Parseval. Both leave out the mean colour, which is the first component: brightness
    alone would make every error look small. So the error is 1 at m = 1 and 0 at m = n.

    Where m cuts an eigenspace in two, x_m depends on the basis chosen in it; ours is
    `grid_basis`'s, and the fact ``split_eigenspaces`` says how many cuts do so.

    Args:
        run: unused but for progress; the arithmetic is float64 on the CPU.
        images: pictures, scaled and cropped about the centre to height × width.
        components: the numbers m of eigenvectors to keep, from 1 to n.
        start: the m that the view shows first, one of `components`.
        height: rows of the grid.
        width: columns of the grid.
        neighbours: 4 (closed form, the cosine transform) or 8.

    Returns:
        Assets: for each picture a `Frames` with a frame for each m, and the original as
        ``<picture>-original``. Tables ``errors`` and ``energy``: ``components``, ``mean`` and a
        column for each picture. Facts: ``error_at_<m>`` and ``energy_at_<m>``, means over the
        pictures; ``components_for_95_percent``, the fewest with which every picture keeps 95 % of
        its energy, and the same with ``_<picture>``; ``max_error_at_n``, the largest difference of
        a pixel in [0, 1] with all n; ``pixels``, ``pictures``, ``split_eigenspaces``.

    Raises:
        ValueError: a number of components outside 1 to n, a `start` that is not among them, or
            two pictures of one name.
    """
    n = height * width
    cuts = sorted(set(components))
    if not 1 <= cuts[0] <= cuts[-1] <= n:
        raise ValueError(f"components go from 1 to {n} (height × width), not {cuts}")
    if start not in cuts:
        raise ValueError(f"start is {start}, which is not among the components {cuts}")
    names = [picture_name(image) for image in images]
    if len(set(names)) < len(names):
        raise ValueError(f"the names of the pictures, {names}, are not all different")

    values, U = grid_basis(height, width, neighbours)  # [n], [n, n]
    assets: dict[str, Image | Frames] = {}
    errors, energies, fewest, exact = [], [], [], []
    for name, image in run.steps(list(zip(names, images, strict=True)), note="pictures"):
        pixels = torch.tensor(image.pixels((height, width)), dtype=torch.float64) / 255
        x = pixels.reshape(n, 3)
        rebuilt = reconstruct(U, x, cuts)  # [cuts, n, 3]
        spread = (x - x.mean(0)).norm()
        errors.append((x - rebuilt).flatten(1).norm(dim=1) / spread)
        kept = energy(U, x)  # [n]
        energies.append(kept[[m - 1 for m in cuts]])
        fewest.append(int((kept < SHARE).sum()) + 1)
        exact.append(float((x - reconstruct(U, x, [n])[0]).abs().max()))
        frames = rebuilt.reshape(len(cuts), height, width, 3)
        assets[name] = Frames(frames, scale=SCALE)
        assets[f"{name}-original"] = Image(pixels, scale=SCALE)

    curve, share = torch.stack(errors), torch.stack(energies)  # [pictures, cuts]
    split = {start for start, stop in eigenspaces(values) for m in cuts if start < m < stop}
    return Result(
        facts={
            "pixels": n,
            "pictures": len(names),
            "max_error_at_n": max(exact),
            "split_eigenspaces": len(split),
            "components_for_95_percent": max(fewest),
            **{f"components_for_95_percent_{a}": b for a, b in zip(names, fewest, strict=True)},
            **{f"error_at_{m}": float(e) for m, e in zip(cuts, curve.mean(0), strict=True)},
            **{f"energy_at_{m}": float(e) for m, e in zip(cuts, share.mean(0), strict=True)},
        },
        data={
            "axis": {"name": "components", "label": "Components", "values": cuts, "unit": ""},
            "choices": [
                {
                    "name": name,
                    "label": picture_label(image),
                    "frames": name,
                    "original": f"{name}-original",
                }
                for name, image in zip(names, images, strict=True)
            ],
            "start": {"axis": cuts.index(start), "choice": 0},
            "curve": {
                "table": "errors",
                "x": "components",
                "y": names,
                "label": "Relative error",
                "log": False,
            },
        },
        tables={"errors": columns(cuts, names, curve), "energy": columns(cuts, names, share)},
        assets=assets,
    )


def reconstruct(U: Tensor, x: Tensor, cuts: list[int]) -> Tensor:
    """Return U_m U_m^T x for each m of `cuts`.

    Args:
        U: orthonormal columns ``[n, n]``.
        x: signals ``[n, c]``.
        cuts: ascending numbers m from 1 to n.

    Returns:
        ``[len(cuts), n, c]``.
    """
    spectrum = U.T @ x
    parts = [
        U[:, low:high] @ spectrum[low:high] for low, high in zip([0, *cuts[:-1]], cuts, strict=True)
    ]
    return torch.stack(parts).cumsum(0)


def energy(U: Tensor, x: Tensor) -> Tensor:
    """Return the share of the energy of ``[n, c]`` beyond its mean in the first m, for m = 1 … n.

    The first column of U must be constant. Parseval: energy is the sum of squared coefficients.
    A picture of one colour has none: its share is 1 throughout.
    """
    power = ((U.T @ x) ** 2).sum(1)
    power[0] = 0
    total = power.sum()
    if total == 0:
        return torch.ones_like(power)
    return power.cumsum(0) / total


def columns(cuts: list[int], names: list[str], rows: Tensor) -> dict[str, list[float] | list[int]]:
    """Return a table of ``[pictures, cuts]``: components, mean, and a column for each picture."""
    table: dict[str, list[float] | list[int]] = {
        "components": cuts,
        "mean": rows.mean(0).tolist(),
    }
    return table | {name: row.tolist() for name, row in zip(names, rows, strict=True)}


def picture_name(image: ImageFile) -> str:
    """Return the name of a picture's asset and column: ``my cat.png`` gives ``my_cat``."""
    stem = PurePosixPath(image.name.removeprefix(PREFIX)).stem.lower()
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in stem)


def picture_label(image: ImageFile) -> str:
    """Return what a reader sees: a built-in picture's title, else the file's name in words."""
    known = PICTURES.get(image.name.removeprefix(PREFIX))
    if known is not None and image.name.startswith(PREFIX):
        return known.title
    return picture_name(image).replace("_", " ").strip().capitalize()
