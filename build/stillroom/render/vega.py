"""The Vega libraries as one offline script, for readers who want to explore a chart."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from stillroom.scratch import write_whole

NAME = "vega.js"


def vega_bundle(scratch: Path) -> bytes:
    """Vega, Vega-Lite and Vega-Embed as a classic script that sets ``window.vegaEmbed``.

    Making it takes seconds, so it is kept in `scratch` by the version of vl-convert. It evaluates
    no text as code when ``vegaEmbed`` is called with ``{ast: true}``, as the pages' policy asks.
    """
    kept = scratch / f"vega-{version('vl-convert-python')}.js"
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    # Without the function around it, the bundle's own short names would become globals.
    content = f"(() => {{\n{bundle}\n}})();\n".encode()
    write_whole(kept, content)
    return content
