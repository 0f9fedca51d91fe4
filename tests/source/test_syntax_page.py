"""The examples of docs/syntax.md are one article, which is read without a complaint."""

import re
from dataclasses import fields
from pathlib import Path

import stillroom
from sources import BIBTEX, make_site, read
from stillroom.source.controls import ROLES
from stillroom.source.model import FrontMatter
from stillroom.source.options import DIRECTIVES, FIGURE_OPTIONS

FIELDS = [field.name for field in fields(FrontMatter)]
PAGE = (Path(stillroom.__file__).parents[2] / "docs/syntax.md").read_text(encoding="utf-8")


def examples(language):
    return re.findall(rf"^(`{{3,4}}){language}\n(.*?)^\1$", PAGE, re.MULTILINE | re.DOTALL)


# What the hub of the examples quotes.
SEEING = """---
title: Seeing
summary: S.
authors: [Ada]
date: 2026-11-20
thread: discussion
order: 1
---
:::{figure} waves
---
name: fig-waves
alt: Waves.
---
Caption.
:::
"""


def test_the_examples_are_articles(tmp_path):
    [(_, front)] = examples("yaml")
    body = "\n".join(example for _, example in examples("markdown"))
    site = make_site(tmp_path)
    named = re.findall(r"^```markdown (articles/\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for path, text in [*named, ("articles/seeing/index.md", SEEING)]:
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text)
    article, found = read(site, f"---\n{front}---\n{body}", bibtex=BIBTEX, only=())
    assert found == []
    assert set(article.labels) >= {"method", "fig-waves", "fig-cat", "eq-laplacian", "tab-sizes"}
    shown = {token.info for token in article.tokens if token.type == "directive_open"}
    elsewhere = {"cards", "reply", "replications"}
    assert shown == DIRECTIVES.keys() - {"important", "tip"} - elsewhere
    assert {name for name in FIELDS if f"\n{name}:" in PAGE} == set(FIELDS)
    [figure] = article.figures
    assert figure.places.keys() >= set(FIGURE_OPTIONS)


def test_every_name_is_explained():
    for name in [*FIELDS, *DIRECTIVES, *FIGURE_OPTIONS, *ROLES]:
        assert f"`{name}`" in PAGE, name
