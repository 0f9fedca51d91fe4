import pytest

from stillroom.diagnostics import StillroomError
from stillroom.publish.files import Publication
from stillroom.publish.folder import LIST, plan, publish


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != LIST
    }


@pytest.fixture
def make(tmp_path):
    def publication(**content):
        site = tmp_path / "site"
        for name, text in content.items():
            path = site / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        names = tuple(sorted(name.replace("__", "/") for name in content))
        return Publication(site, names, sum(map(len, content.values())))

    return publication


def test_the_site_is_copied(make, tmp_path):
    publish(make(index="page", static__a="style"), tmp_path / "www" / "deep")
    assert files(tmp_path / "www" / "deep") == {"index": "page", "static/a": "style"}


def test_what_is_gone_is_removed_and_nothing_else(make, tmp_path):
    target = tmp_path / "www"
    publish(make(index="one", old__deep__page="x"), target)
    (target / "mine.txt").write_text("mine")
    second = make(index="two")
    assert plan(second, target) == ("old/deep/page",)
    publish(second, target)
    assert files(target) == {"index": "two", "mine.txt": "mine"}
    assert not (target / "old").exists()


def test_a_folder_of_somebody_else_is_refused(make, tmp_path):
    target = tmp_path / "www"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(StillroomError, match="not published from here"):
        publish(make(index="one"), target)
    assert files(target) == {"mine.txt": "mine"}


def test_a_checkout_is_a_fine_place(make, tmp_path):
    (tmp_path / "www" / ".git").mkdir(parents=True)
    publish(make(index="one"), tmp_path / "www")
    assert (tmp_path / "www" / ".git").is_dir()


def test_an_edited_list_removes_nothing_outside(make, tmp_path):
    target = tmp_path / "www"
    publish(make(index="one"), target)
    (tmp_path / "precious").write_text("mine")
    (target / LIST).write_text("index\n../precious\n")
    publish(make(index="two"), target)
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("place", ["site", "site/below"])
def test_the_site_is_not_copied_into_itself(make, tmp_path, place):
    with pytest.raises(StillroomError, match="inside the site"):
        publish(make(index="one"), tmp_path / place)


def test_a_file_is_no_folder(make, tmp_path):
    (tmp_path / "www").write_text("")
    with pytest.raises(StillroomError, match="is a file"):
        publish(make(index="one"), tmp_path / "www")
