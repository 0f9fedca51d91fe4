import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from sources import BIBTEX, make_site
from stillroom.diagnostics import Diagnostics, StillroomError
from stillroom.source import bibliography
from stillroom.source.bibliography import format_entries
from stillroom.source.bibtex import read_bibtex, to_csl

STYLE = """<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0">
<info><title>t</title><id>t</id><updated>2026-01-01T00:00:00+00:00</updated></info>
<citation><layout><text variable="citation-number"/></layout></citation>
<bibliography><layout>
<text variable="citation-number" prefix="[" suffix="] "/>
<text variable="title" text-case="uppercase" font-weight="bold"/>
</layout></bibliography></style>"""


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


def entries(text=BIBTEX):
    diagnostics = Diagnostics()
    found = read_bibtex(text, "references.bib", diagnostics)
    assert diagnostics.found == []
    return {key: to_csl(entry.entry) for key, entry in found.items()}


def test_csl_json():
    assert entries()["shuman2013"] == {
        "id": "shuman2013",
        "type": "article-journal",
        "author": [
            {"given": "David I.", "family": "Shuman"},
            {"given": "Sunil K.", "family": "Narang"},
        ],
        "title": "The Emerging Field of Signal Processing on Graphs",
        "container-title": "IEEE Signal Processing Magazine",
        "volume": "30",
        "issue": "3",
        "issued": {"date-parts": [[2013]]},
        "page": "83–98",
        "DOI": "10.1109/MSP.2012.2235192",
    }


def test_formatted_entries_are_remembered(site, monkeypatch):
    first = format_entries(entries(), site)
    assert first["chung1997"] == "F. Chung. <i>Spectral Graph Theory</i>. 1997."

    def fail(style):
        raise AssertionError("formatted again")

    monkeypatch.setattr(bibliography, "_Formatter", fail)
    assert format_entries(entries(), site) == first
    with pytest.raises(AssertionError, match="formatted again"):
        format_entries({"new": {"type": "book", "title": "New"}}, site)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', "\x00"])
def test_a_damaged_memo_is_not_used(site, content):
    memo = site.scratch / "references.json"
    expected = format_entries(entries(), site)
    memo.write_text(content)
    assert format_entries(entries(), site) == expected
    assert set(json.loads(memo.read_text()).values()) == set(expected.values())


def test_a_memo_that_cannot_be_written_harms_nothing(site):
    site.scratch.write_text("a file where the folder should be")
    assert "Spectral" in format_entries(entries(), site)["chung1997"]


def test_the_style_of_the_site(site):
    own = format_entries(entries(), site)["chung1997"]
    (site.root / "mine.csl").write_text(STYLE)
    mine = replace(site, citation_style="mine.csl")
    assert format_entries(entries(), mine)["chung1997"] == "<b>SPECTRAL GRAPH THEORY</b>."
    known = replace(site, citation_style="harvard-cite-them-right")
    harvard = format_entries(entries(), known)["chung1997"]
    assert harvard not in {own, mine}
    assert "Chung, F. (1997)" in harvard


def test_protected_words_keep_their_case(site):
    (site.root / "mine.csl").write_text(STYLE.replace("uppercase", "sentence"))
    mine = replace(site, citation_style="mine.csl")
    found = format_entries(entries("@misc{a, title = {On {GCN}s And {\\'E}toiles}}"), mine)
    assert found["a"] == "<b>On GCNs and étoiles</b>."


@pytest.mark.parametrize("content", ["", "<a/>", "no"])
def test_styles_that_cannot_be_used(site, content):
    (site.root / "bad.csl").write_text(content)
    with pytest.raises(StillroomError, match=r"bad\.csl"):
        format_entries(entries(), replace(site, citation_style="bad.csl"))
    with pytest.raises(StillroomError, match="no citation style 'nope'"):
        format_entries(entries(), replace(site, citation_style="nope"))


@given(st.text())
def test_no_bibtex_makes_reading_raise(text):
    for entry in read_bibtex(text, "references.bib", Diagnostics()).values():
        to_csl(entry.entry) if entry.entry else None


latex = st.text(alphabet="ab {}\\'\"~^$%&-éH<>#_@,=\ue000\n", max_size=30)


@given(title=latex, author=latex, year=latex)
def test_any_entry_becomes_safe_html(tmp_path_factory, title, author, year):
    text = f"@misc{{a, title = {{{title}}}, author = {{{author}}}, year = {{{year}}}}}"
    found = read_bibtex(text, "references.bib", Diagnostics())
    site = make_site(tmp_path_factory.mktemp("site"))
    csl = {key: to_csl(entry.entry) for key, entry in found.items() if entry.entry}
    for formatted in format_entries(csl, site).values():
        tree = LexborHTMLParser(formatted)
        assert {node.tag for node in tree.body.traverse()} <= {"body", "i", "a", "b", "span"}
