"""Charts: a Vega-Lite specification for interaction, and SVGs to read without a script."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from stillroom.media import theme
from stillroom.media.files import EncodedAsset, EncodedFile, EncodeError
from stillroom.media.json import dumps, plain
from stillroom.media.kinds import Chart

VEGALITE = "6.4"  # of those inside vl-convert


def encode(name: str, asset: Chart) -> EncodedAsset:
    """Store a chart under Stillroom's theme; what the chart configures itself wins over it.

    The SVG has the role "svg". A chart whose width is ``"container"`` is drawn 600 pixels wide,
    and a second time 330 wide, role "narrow", for phones.

    `meta` holds width and height of the SVG in CSS pixels.

    Raises:
        EncodeError: not a chart, data that is not inline, or a specification that Vega-Lite
            refuses.
    """
    spec = specification(asset.chart)
    spec["config"] = merge(theme.config(), spec.get("config", {}))
    files = {"main": EncodedFile(f"{name}.json", dumps(spec), "application/json")}
    fluid = spec.get("width") == "container"
    wide = svg(at_width(spec, theme.WIDTH) if fluid else spec)
    files["svg"] = EncodedFile(f"{name}.svg", wide.encode(), "image/svg+xml")
    if fluid:
        narrow = svg(at_width(spec, theme.NARROW))
        files["narrow"] = EncodedFile(f"{name}.narrow.svg", narrow.encode(), "image/svg+xml")
    width, height = size(wide)
    return EncodedAsset("chart", files, {"width": width, "height": height})


def specification(chart: Any) -> dict[str, Any]:
    """Return the chart as a dictionary with all its data inside.

    Raises:
        EncodeError: it is no chart, or loads data from elsewhere.
    """
    if hasattr(chart, "to_dict"):
        from altair import theme as themes
        from altair.utils.schemapi import SchemaValidationError

        try:
            with themes.enable("none"):  # whatever theme a session has chosen, ours is the one
                chart = chart.to_dict()
        except (ValueError, SchemaValidationError) as error:
            raise EncodeError(str(error)) from None
    if not isinstance(chart, Mapping):
        raise EncodeError(
            f"expected an Altair chart or its dictionary, not a {type(chart).__name__}"
        )
    spec: dict[str, Any] = plain(chart)
    for place, item in walk(spec):
        if isinstance(item, Mapping) and "url" in item:
            raise EncodeError(
                f"{place} loads {item['url']!r}; a chart's data must be inline, as in "
                "alt.Data(values=[...])"
            )
    return spec


def walk(value: Any, place: str = "chart") -> Iterator[tuple[str, Any]]:
    """Yield every value inside `value` with the place where it stands."""
    yield place, value
    if isinstance(value, Mapping):
        for key, item in value.items():
            # Rows are the author's own: a column may well be called "url".
            if key not in ("values", "datasets"):
                yield from walk(item, f"{place}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{place}[{index}]")


def at_width(spec: Mapping[str, Any], width: int) -> dict[str, Any]:
    """Return `spec` with `width` CSS pixels for all of it, axes and legend included."""
    return {**spec, "width": width, "autosize": {"type": "fit-x", "contains": "padding"}}


def merge(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with what `other` says instead, mapping by mapping."""
    merged = dict(base)
    for key, value in other.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def svg(spec: Mapping[str, Any]) -> str:
    """Draw a specification; ids carry its digest, so that two charts on a page never share one."""
    import vl_convert

    try:
        drawn: str = vl_convert.vegalite_to_svg(
            dict(spec), vl_version=VEGALITE, allowed_base_urls=[]
        )
    except ValueError as error:
        raise EncodeError(f"Vega-Lite refused the chart: {error}") from None
    drawn = own_ids(drawn, "v" + hashlib.sha256(dumps(spec)).hexdigest()[:10])
    # One family for the whole drawing, on the root, where a style sheet can change it. The reader's
    # font may be wider than the one labels were measured with: let them reach over the edge.
    drawn = drawn.replace(f' font-family="{theme.FONT}"', "")
    return drawn.replace("<svg ", f'<svg font-family="{theme.FONT}" overflow="visible" ', 1)


def own_ids(drawn: str, prefix: str) -> str:
    """Rename the ids of an SVG to `prefix`-1, -2, … in the order in which they are first met.

    Vega numbers its clip paths and gradients through the life of a process; so neither two charts
    on a page would be apart, nor two drawings of one chart be the same bytes.
    """
    ids = {old: f"{prefix}-{n}" for n, old in enumerate(re.findall(r'\bid="([^"]+)"', drawn), 1)}

    def rename(found: re.Match[str]) -> str:
        return found[1] + ids.get(found[2], found[2]) + found[3]

    return re.sub(r'(\bid="|url\(#|href="#)([^")]+)([")])', rename, drawn)


def size(drawn: str) -> tuple[int, int]:
    """Return width and height of an SVG in CSS pixels."""
    found = re.search(r'width="(\d+)[^"]*" height="(\d+)', drawn)
    if found is None:
        raise EncodeError("Vega-Lite drew nothing")
    return int(found[1]), int(found[2])
