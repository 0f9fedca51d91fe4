"""Code blocks, highlighted at build time; the colours are in the site's stylesheet."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup


def highlight(content: str, language: str) -> Markup:
    """Return the lines of `content` as spans of Pygments' short classes; plain text when unknown.

    Args:
        content: the code.
        language: a name or alias that Pygments knows, or anything else for plain text.
    """
    from pygments import highlight as pygmentize
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", stripnl=False)
    return Markup(pygmentize(content, lexer, HtmlFormatter(nowrap=True)))


@lru_cache(maxsize=1)
def stylesheet() -> str:
    """CSS rules of the classes that `highlight` writes, for light and dark."""
    light, dark = _rules("xcode"), _rules("github-dark")
    return (
        f"{light}\n@media (prefers-color-scheme: dark) {{\n"
        f"{_under(dark, ':root:not([data-theme=light])')}\n}}\n"
        f"{_under(dark, ':root[data-theme=dark]')}\n"
    )


def _rules(style: str) -> str:
    """Colours only: background, size and line numbers belong to the site's own stylesheet."""
    from pygments.formatters import HtmlFormatter

    definitions = HtmlFormatter(style=style).get_style_defs(".highlight").splitlines()
    return "\n".join(line for line in definitions if line.startswith(".highlight ."))


def _under(rules: str, scope: str) -> str:
    return "\n".join(f"{scope} {line}" for line in rules.splitlines())
