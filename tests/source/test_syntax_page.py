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


def test_the_examples_are_an_article(tmp_path):
    [(_, front)] = examples("yaml")
    body = "\n".join(example for _, example in examples("markdown"))
    article, found = read(make_site(tmp_path), f"---\n{front}---\n{body}", bibtex=BIBTEX)
    assert found == []
    assert set(article.labels) >= {"method", "fig-waves", "fig-cat", "eq-laplacian", "tab-sizes"}
    shown = {token.info for token in article.tokens if token.type == "directive_open"}
    assert shown == DIRECTIVES.keys() - {"important", "tip"}
    assert {name for name in FIELDS if f"\n{name}:" in f"\n{front}"} == set(FIELDS)
    [figure] = article.figures
    assert figure.places.keys() >= set(FIGURE_OPTIONS)


def test_every_name_is_explained():
    for name in [*FIELDS, *DIRECTIVES, *FIGURE_OPTIONS, *ROLES]:
        assert f"`{name}`" in PAGE, name
