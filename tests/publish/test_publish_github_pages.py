import subprocess
import sys

import pytest

from stillroom.diagnostics import StillroomError
from stillroom.publish.files import Publication
from stillroom.publish.github_pages import publish, remote_url


def git(folder, *arguments):
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a remote on the same disk, and a site in it."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "A. Author")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "author@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(tmp_path, "init", "-q", "-b", "main", "work")
    work = tmp_path / "work"
    git(work, "remote", "add", "origin", str(tmp_path / "remote.git"))
    (work / "site" / "static").mkdir(parents=True)
    (work / "site" / "index.html").write_text("page")
    (work / "site" / "static" / "a.css").write_text("style")
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def publication(repository):
    return Publication(repository / "site", ("index.html", "static/a.css"), 9)


def send(publication, repository, **changes):
    options = {"remote": "origin", "branch": "gh-pages", "message": "Publish", **changes}
    publish(publication, repository, **options)


def test_the_branch_holds_the_site_and_is_pushed(publication, repository, tmp_path):
    send(publication, repository)
    remote = tmp_path / "remote.git"
    names = git(remote, "ls-tree", "-r", "--name-only", "gh-pages").split()
    assert names == [".nojekyll", "index.html", "static/a.css"]
    assert git(remote, "show", "gh-pages:index.html") == "page"
    assert git(repository, "branch", "--show-current") == "main"


def test_a_second_time_replaces_the_content(publication, repository, tmp_path):
    send(publication, repository)
    (repository / "site" / "static" / "a.css").unlink()
    send(publication, repository)
    remote = tmp_path / "remote.git"
    assert git(remote, "ls-tree", "-r", "--name-only", "gh-pages").split() == [
        ".nojekyll",
        "index.html",
    ]
    assert git(remote, "rev-list", "--count", "gh-pages") == "2"


def test_an_unknown_remote_is_said_with_what_to_do(publication, repository):
    with pytest.raises(StillroomError, match="no remote 'upstream'") as caught:
        send(publication, repository, remote="upstream")
    assert "git remote add upstream" in caught.value.hint


def test_no_repository_is_said(tmp_path):
    with pytest.raises(StillroomError, match="not a git repository"):
        remote_url(tmp_path, "origin")


def test_a_remote_that_refuses_is_said(publication, repository, tmp_path):
    git(repository, "remote", "set-url", "origin", str(tmp_path / "nowhere"))
    with pytest.raises(StillroomError, match="git could not publish the branch"):
        send(publication, repository)


def test_a_missing_extra_is_answered_with_the_line_to_type(publication, repository, monkeypatch):
    monkeypatch.setitem(sys.modules, "ghp_import", None)
    with pytest.raises(StillroomError, match="needs ghp-import") as caught:
        send(publication, repository)
    assert caught.value.hint == "install it with: pip install 'stillroom[publish]'"
