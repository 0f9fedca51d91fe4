import ast
import datetime
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.diagnostics import Diagnostics, StillroomError
from stillroom.scaffold import SLUG, new_article, new_site
from stillroom.settings import find_settings
from stillroom.source.article import read_articles

DATE = datetime.date(2030, 1, 2)


def test_a_site_is_complete(tmp_path):
    written = new_site(tmp_path / "my-journal", DATE)
    assert all(path.is_file() for path in written)
    settings = find_settings(tmp_path / "my-journal")
    assert settings.title == "My journal"
    assert "%" not in (settings.root / "README.md").read_text()
    text = (settings.articles / "averages" / "index.md").read_text()
    assert "date: 2030-01-02" in text
    assert "/site/" in (settings.root / ".gitignore").read_text().splitlines()
    ast.parse((settings.articles / "averages" / "recipes.py").read_text())


def test_a_site_goes_into_a_folder_with_only_a_repository(tmp_path):
    (tmp_path / ".git").mkdir()
    assert new_site(tmp_path, DATE)


def test_a_site_is_never_written_over_another(tmp_path):
    new_site(tmp_path / "a", DATE)
    settings = tmp_path / "a" / "stillroom.toml"
    settings.write_text("mine")
    with pytest.raises(StillroomError, match="is not empty"):
        new_site(tmp_path / "a", DATE)
    assert settings.read_text() == "mine"


def test_a_hidden_file_in_the_way_is_left_alone(tmp_path):
    (tmp_path / ".gitignore").write_text("mine")
    with pytest.raises(StillroomError, match=r"\.gitignore is there already"):
        new_site(tmp_path, DATE)
    assert [path.name for path in tmp_path.iterdir()] == [".gitignore"]
    assert (tmp_path / ".gitignore").read_text() == "mine"


def test_a_file_is_no_place_for_a_site(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(StillroomError, match="is a file"):
        new_site(tmp_path / "a", DATE)


def test_a_title_with_quotes_is_still_toml(tmp_path):
    new_site(tmp_path / 'a "b" \\c', DATE)
    text = (tmp_path / 'a "b" \\c' / "stillroom.toml").read_text()
    assert tomllib.loads(text)["title"] == "A b c"


def test_an_article_is_written_once(tmp_path):
    new_site(tmp_path, DATE)
    settings = find_settings(tmp_path)
    [path] = new_article(settings, "on-waves", DATE)
    assert path == settings.articles / "on-waves" / "index.md"
    assert "title: On waves\n" in path.read_text()
    with pytest.raises(StillroomError, match="is there already"):
        new_article(settings, "on-waves", DATE)


def test_what_a_new_article_says_is_to_be_replaced(tmp_path):
    new_site(tmp_path, DATE)
    settings = find_settings(tmp_path)
    [path] = new_article(settings, "on-waves", DATE)

    def found():
        diagnostics = Diagnostics()
        read_articles(settings, diagnostics)
        return [
            (each.severity, each.code, each.location.line) for each in sorted(diagnostics.found)
        ]

    lines = [3, 4, 9, 11, 13]
    assert found() == [("warning", "M015", line) for line in lines]
    path.write_text(path.read_text().replace("draft: true", "draft: false"))
    assert found() == [("error", "M015", line) for line in lines]


@pytest.mark.parametrize("slug", ["", "..", "../x", "a/b", "A", "a b", "-a", "a--b", "é", "a.md"])
def test_a_name_that_is_not_plain_is_refused(tmp_path, slug):
    new_site(tmp_path, DATE)
    with pytest.raises(StillroomError, match="is not a plain name"):
        new_article(find_settings(tmp_path), slug, DATE)


def test_a_plain_name_is_suggested(tmp_path):
    new_site(tmp_path, DATE)
    with pytest.raises(StillroomError) as caught:
        new_article(find_settings(tmp_path), "On Waves!", DATE)
    assert caught.value.hint == "try: stillroom new article on-waves"


@given(st.text())
def test_a_plain_name_never_leaves_its_folder(text):
    if SLUG.fullmatch(text):
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
