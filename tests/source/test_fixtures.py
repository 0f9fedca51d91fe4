"""Every case of `fixtures/*.md`: title, article, what is expected, each ended by a line of one dot.

The text of a case is the body of `articles/a/index.md` (its first line is line 7), or a whole file
when it begins with front matter.
"""

import re
from pathlib import Path

import pytest
from markdown_it.utils import read_fixture_file

import stillroom.source
from sources import BIBTEX, dump, make_site, read

FIXTURES = Path(__file__).parent / "fixtures"


def cases(name):
    return [
        pytest.param(text, expected, id=f"{line}-{title}")
        for line, title, text, expected in read_fixture_file(FIXTURES / name)
    ]


@pytest.mark.parametrize(("text", "expected"), cases("diagnostics.md"))
def test_diagnostics(tmp_path, text, expected):
    _, found = read(make_site(tmp_path), text)
    assert found == expected.splitlines()


@pytest.mark.parametrize(("text", "expected"), cases("tokens.md"))
def test_tokens(tmp_path, text, expected):
    article, found = read(make_site(tmp_path), text, bibtex=BIBTEX)
    assert [line for line in found if "warning" not in line] == []
    assert dump(article.tokens) == expected.splitlines()


@pytest.mark.parametrize(("text", "expected"), cases("bibtex.md"))
def test_bibtex(tmp_path, text, expected):
    keys = re.findall(r"(?m)^@\w+\{(\w+),", text)
    cite = f"[{'; '.join(f'@{key}' for key in dict.fromkeys(keys))}]" if keys else ""
    article, found = read(make_site(tmp_path), cite, bibtex=text)
    if article is not None:
        found += [reference.html for reference in article.references.values()]
    assert found == expected.splitlines()


def test_every_code_of_the_source_stage_has_a_case():
    source = Path(stillroom.source.__file__).parent
    emitted = {
        code
        for path in source.glob("*.py")
        for code in re.findall(r'"([AMCXFS]\d{3})"', path.read_text(encoding="utf-8"))
    }
    shown = set()
    for name in ("diagnostics.md", "bibtex.md"):
        for _, _, _, expected in read_fixture_file(FIXTURES / name):
            shown |= set(re.findall(r"^\S+:\d+:\d+: (\w+)", expected, re.MULTILINE))
    # Not about the text of one article: test_articles.py, test_across.py.
    elsewhere = {"A005", "A007", "A008", "M014"}
    elsewhere |= {"A009", "A010", "A011", "A012", "A013", "C006", "X009", "X010", "X011"}
    assert emitted - elsewhere == shown
