import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillroom.cli import cli

STILLROOM = [sys.executable, "-m", "stillroom"]


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_vega):
    """A scaffolded site, built once; tests that change it must put it back."""
    root = tmp_path_factory.mktemp("cli") / "journal"
    assert CliRunner().invoke(cli, ["new", "site", str(root)]).exit_code == 0
    lend_vega(root)
    done = run(root, "build")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A scaffolded site, not built, as the current folder."""
    assert CliRunner().invoke(cli, ["new", "site", str(tmp_path / "s")]).exit_code == 0
    monkeypatch.chdir(tmp_path / "s")
    return tmp_path / "s"


def run(root, *arguments, **options):
    """A command in a process of its own, as people give it."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*STILLROOM, *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def call(*arguments, **options):
    return CliRunner().invoke(cli, arguments, **options)


def ask(root, *arguments, **options):
    """A command in this process, which need not load everything again."""
    with contextlib.chdir(root):
        return call(*arguments, **options)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def article(slug, body, root, **front):
    fields = {"title": slug, "summary": "One sentence.", "authors": "[{name: A}]", **front}
    head = "\n".join(f"{name}: {value}" for name, value in fields.items())
    write(root / "articles" / slug / "index.md", f"---\n{head}\ndate: 2030-01-01\n---\n\n{body}\n")


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_stages_find_is_told_at_once_and_before_anything_runs(site):
    figure = ":::{{figure}} running-averages\n---\nname: fig-a\nalt: A.\n{}\n---\nC.\n:::\n"
    recipes = (site / "articles/averages/recipes.py").read_text()
    for slug, text in [("two", "view: chrat"), ("three", "params: {many: 1}")]:
        article(slug, figure.format(text) + "\n[](#nothing)" * (slug == "three"), site)
        write(site / "articles" / slug / "recipes.py", recipes)
    done = call("build")
    assert done.exit_code == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("articles/t")]
    codes = [line.split()[1] for line in lines]
    assert codes == ["F013", "X001", "F020"]
    assert lines[2].endswith("unknown view 'chrat'; did you mean 'chart'?")
    assert not (site / "site").exists()
    assert not list((site / "assets").rglob("manifest.json"))


def test_help_teaches_each_command_in_order():
    text = call("--help").output
    names = ["new", "build", "serve", "status", "run", "worker", "accept", "recipes", "clean"]
    places = [re.search(rf"^  {name} ", text, re.MULTILINE).start() for name in names]
    assert places == sorted(places)
    assert "stillroom new site journal" in text


@pytest.mark.parametrize(
    "command", ["new site", "new article", "build", "serve", "status", "run", "recipes", "clean"]
)
def test_every_command_has_help(command):
    done = call(*command.split(), "--help")
    assert done.exit_code == 0
    assert len(done.output.splitlines()) > 3


def test_help_imports_nothing_heavy():
    code = (
        "import sys, stillroom.cli; print([m for m in ('torch', 'numpy', 'pydantic', 'rich', "
        "'jinja2', 'markdown_it', 'importlib.metadata') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version_is_the_package_s():
    import stillroom

    assert call("--version").output.split()[-1] == stillroom.__version__


@pytest.mark.parametrize("arguments", [["bild"], ["build", "--jobs", "0"], ["run"], ["new"]])
def test_wrong_use_ends_with_2(arguments):
    done = call(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_outside_a_site_one_is_told_what_to_do(tmp_path):
    done = run(tmp_path, "build")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith("Error: there is no Stillroom site in")
    assert done.stderr.splitlines()[1] == "Hint: make one with: stillroom new site NAME"
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("text", ["title = ", "titel = 'x'", "title = 3"])
def test_wrong_settings_are_said_without_a_traceback(site, text):
    (site / "stillroom.toml").write_text(text)
    done = run(site, "status")
    assert done.returncode == 1
    assert "stillroom.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_article_is_said_with_the_nearest(site):
    done = call("build", "average")
    assert done.exit_code == 1
    assert "there is no article 'average'; did you mean 'averages'?" in done.output


def test_all_errors_come_at_once_sorted_and_located(site):
    article("b", "[](#nowhere)\n\n$\\frac$", site)
    article("a", "{role}`x`\n\nSee @nobody.", site)
    done = call("build")
    assert done.exit_code == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("articles/")]
    assert [line.split(":")[0] for line in lines] == sorted(line.split(":")[0] for line in lines)
    assert {line.split()[1] for line in lines} >= {"M006", "X001", "M008"}
    assert all(re.match(r"articles/\w+/index\.md:\d+:\d+: [A-Z]\d{3} ", line) for line in lines)
    assert not (site / "site").exists()


def test_an_error_of_a_recipe_ends_with_3_and_keeps_what_worked(site):
    recipes = site / "articles" / "averages" / "recipes.py"
    article(
        "broken",
        ":::{figure} breaks\n---\nname: fig-breaks\nalt: Nothing.\n---\nNothing.\n:::",
        site,
    )
    write(
        site / "articles" / "broken" / "recipes.py",
        "from stillroom import Result, Run, recipe\n\n\n@recipe(view='table')\n"
        "def breaks(run: Run) -> Result:\n    '''Break.'''\n    raise ValueError('too bad')\n",
    )
    done = call("build")
    assert done.exit_code == 3
    assert re.search(r"articles/broken/index\.md:\d+:\d+: F024 .*too bad", done.stderr)
    assert "Error: 1 error; site/ is as it was" in done.stderr
    assert not (site / "site").exists()
    status = call("status")
    assert re.search(r"fig-averages +fresh", status.stdout)
    assert re.search(r"fig-breaks +stale", status.stdout)
    assert recipes.is_file()


def test_a_built_site_is_whole_and_a_second_build_idle(built):
    assert (built / "site" / "articles" / "averages" / "index.html").is_file()
    before = {path: path.stat().st_mtime_ns for path in (built / "site").rglob("*")}
    done = run(built, "build")
    assert done.stdout == "Nothing to do: site/index.html is up to date.\n"
    assert {path: path.stat().st_mtime_ns for path in (built / "site").rglob("*")} == before


def test_an_idle_build_imports_nothing_heavy(built):
    code = (
        "import sys; from stillroom.cli import cli; "
        "cli(['build'], standalone_mode=False); "
        "print([m for m in ('torch', 'numpy', 'pydantic', 'rich', 'jinja2', 'markdown_it', "
        "'altair', 'watchfiles') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=built, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["Nothing to do: site/index.html is up to date.", "[]"]


def test_changing_prose_runs_no_recipe_and_imports_nothing_heavy(built):
    path = built / "articles" / "averages" / "index.md"
    text = path.read_text()
    before = files(built / "assets")
    code = (
        "import sys; from stillroom.cli import cli; cli(['build'], standalone_mode=False); "
        "print([m for m in ('torch', 'numpy', 'pydantic', 'rich', 'multiprocessing') "
        "if m in sys.modules])"
    )
    try:
        path.write_text(text.replace("Toss a fair coin", "Take a fair coin"))
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=built, capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines() == ["Built 1 article. Open site/index.html", "[]"]
        page = (built / "site" / "articles" / "averages" / "index.html").read_text()
        assert "Take a fair coin" in page
        assert files(built / "assets") == before
    finally:
        path.write_text(text)
        assert run(built, "build").returncode == 0


def test_a_failing_claim_leaves_the_site_as_it_was(built):
    path = built / "articles" / "averages" / "index.md"
    text = path.read_text()
    before = files(built / "site")
    try:
        path.write_text(text.replace("spread < 2 * expected_spread", "spread > 1"))
        done = ask(built, "build")
        assert done.exit_code == 1
        assert re.search(r"index\.md:\d+:\d+: F022 ", done.stderr)
        assert files(built / "site") == before
    finally:
        path.write_text(text)
    assert ask(built, "build").stdout.startswith("Nothing to do")


def test_building_twice_gives_the_same_bytes(built):
    before = files(built / "site")
    assert ask(built, "build", "--force").exit_code == 0
    assert files(built / "site") == before


def test_a_draft_goes_to_a_folder_of_its_own(built):
    before = files(built / "site")
    done = ask(built, "build", "--draft")
    assert done.exit_code == 0, done.stderr
    assert "Open .stillroom/draft/index.html" in done.stdout
    page = built / ".stillroom" / "draft" / "articles" / "averages" / "index.html"
    assert "draft-banner" in page.read_text()
    assert files(built / "site") == before
    assert ask(built, "build").stdout.startswith("Nothing to do")


def test_status_tells_of_fresh_figures(built):
    done = ask(built, "status")
    assert re.search(r"^averages\n  fig-averages  fresh    running-averages, ", done.stdout)
    assert done.stdout.splitlines()[-1] == "1 fresh"


def test_run_prints_the_facts_again(built):
    done = ask(built, "run", "averages/fig-averages")
    assert done.exit_code == 0, done.stderr
    assert re.search(r"^  tosses +1000$", done.stdout, re.MULTILINE)
    assert ask(built, "build").exit_code == 0


def test_a_refactor_that_changes_no_number_is_accepted(built):
    recipes = built / "articles" / "averages" / "recipes.py"
    text = recipes.read_text()
    assert ask(built, "accept").stdout == "Nothing is stale.\n"
    assert ask(built, "build", "--draft").exit_code == 0
    try:
        recipes.write_text(text.replace("coins", "tossed"))
        assert "fig-averages  stale" in ask(built, "status").stdout
        done = ask(built, "accept")
        assert done.exit_code == 0, done.stderr
        assert "accepted: articles.averages.recipes changed" in done.stdout
        assert "fig-averages  fresh" in ask(built, "status").stdout
    finally:
        recipes.write_text(text)
        assert ask(built, "build").exit_code == 0


def test_run_suggests_the_nearest_figure(built):
    done = ask(built, "run", "fig-average")
    assert done.exit_code == 1
    assert "there is no figure 'fig-average'; did you mean 'fig-averages'?" in done.stderr


def test_recipes_are_listed_and_explained(built):
    listed = ask(built, "recipes").stdout
    assert re.search(
        r"^running-averages +Follow the averages .* \(of averages\)$", listed, re.MULTILINE
    )
    text = ask(built, "recipes", "running-averages").stdout
    assert "tosses  int ≥ 10, ≤ 10000, default 1000" in text
    assert ":::{figure} running-averages" in text


def test_a_broken_recipe_hides_no_other(built):
    path = built / "articles" / "averages" / "recipes.py"
    text = path.read_text()
    try:
        path.write_text("import nothing_of_this_name\n" + text)
        done = ask(built, "recipes")
        assert done.exit_code == 1
        assert "message-passing" in done.stdout
        assert "articles/averages/recipes.py:1:1: F018 cannot be imported" in done.stderr
    finally:
        path.write_text(text)


def test_an_unknown_recipe_is_said_with_the_nearest(built):
    done = ask(built, "recipes", "running-average")
    assert done.exit_code == 1
    assert "did you mean 'running-averages'?" in done.stderr


def test_the_layers_of_a_network_are_listed():
    lines = call("recipes", "layers", "efficientnet-lite0").output.splitlines()
    assert lines[0] == "efficientnet-lite0, for a picture of 224 × 224 pixels:"
    assert lines[2].split() == ["layer", "units", "positions", "sees", "every"]
    assert any(re.fullmatch(r"block5 +80 +14 × 14 +83 px +16 px", line) for line in lines)
    assert re.fullmatch(r"logits +1000 +all", lines[-1])
    wrong = call("recipes", "layers", "efficientnet-lite")
    assert wrong.exit_code == 1
    assert "did you mean 'efficientnet-lite0'?" in wrong.output
    for arguments in (["recipes", "layers"], ["recipes", "td-lambda", "efficientnet-lite0"]):
        done = call(*arguments)
        assert done.exit_code == 2
        assert "expected: stillroom recipes layers NETWORK" in done.output


def test_clean_asks_and_frees_what_nobody_needs(built):
    stray = built / "assets" / ".cache" / "gone" / "0123456789abcdef"
    write(stray / "manifest.json", "{}")
    listed = ask(built, "clean", "--dry-run")
    assert "assets/.cache/gone/0123456789abcdef (2 B)" in listed.stdout
    assert stray.exists()
    assert ask(built, "clean", input="n\n").exit_code == 0
    assert stray.exists()
    assert ask(built, "clean", "--yes").exit_code == 0
    assert not stray.exists()
    assert ask(built, "clean").stdout == "Nothing to remove.\n"
    assert ask(built, "status").stdout.splitlines()[-1] == "1 fresh"


def test_publishing_copies_what_a_build_would_make_now(built, tmp_path):
    listed = ask(built, "publish", "folder", str(tmp_path / "www"), "--dry-run")
    assert "  + index.html\n" in listed.stdout
    assert not (tmp_path / "www").exists()
    assert ask(built, "publish", "folder", str(tmp_path / "www")).exit_code == 0
    assert (tmp_path / "www" / "index.html").is_file()


def test_publishing_refuses_a_site_that_is_not_up_to_date(built, tmp_path):
    page = built / "site" / "index.html"
    content = page.read_bytes()
    try:
        page.write_text("edited")
        done = ask(built, "publish", "folder", str(tmp_path / "www"))
        assert done.exit_code == 1
        assert "site/index.html changed" in done.stderr
    finally:
        page.write_bytes(content)


def test_publishing_refuses_where_there_is_no_site(site):
    done = call("publish", "github-pages", "--dry-run")
    assert done.exit_code == 1
    assert "Hint: make it with: stillroom build" in done.stderr


def test_an_article_marked_as_draft_is_left_out_of_a_build(built):
    article("later", "Not yet.", built, draft="true")
    try:
        done = ask(built, "build")
        assert done.exit_code == 0, done.stderr
        assert not (built / "site" / "articles" / "later").exists()
    finally:
        (built / "articles" / "later" / "index.md").unlink()
        (built / "articles" / "later").rmdir()
        ask(built, "build")


def test_names_of_articles_complete_in_the_shell(site):
    environment = {**os.environ, "_STILLROOM_COMPLETE": "bash_complete", "COMP_CWORD": "2"}
    environment["COMP_WORDS"] = "stillroom build a"
    done = subprocess.run(
        [str(Path(sys.executable).with_name("stillroom"))],
        cwd=site,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "plain,averages"


SLOW = """\
import time
from stillroom import Result, Run, recipe

@recipe(view="table")
def slow(run: Run, *, seconds: float = 60.0) -> Result:
    '''Wait.'''
    print("waiting")
    time.sleep(seconds)
    return Result(tables={"waited": {"seconds": [seconds]}})
"""


@pytest.fixture
def slow(built):
    """The built site with an article whose figure takes a minute."""
    write(built / "articles" / "slow" / "recipes.py", SLOW)
    article("slow", ":::{figure} slow\n---\nname: fig-slow\nalt: A table.\n---\nLate.\n:::", built)
    yield built
    for name in ("recipes.py", "index.md"):
        (built / "articles" / "slow" / name).unlink()
    (built / "articles" / "slow").rmdir()
    assert run(built, "build").returncode == 0


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_a_build_that_is_ended_leaves_the_site_whole(slow, ending):
    before = files(slow / "site")
    with subprocess.Popen(
        [*STILLROOM, "build"], cwd=slow, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if "started" in line:
                break
        time.sleep(0.5)
        process.send_signal(ending)
        _, rest = process.communicate(timeout=30)
    assert process.returncode == (130 if ending == signal.SIGINT else -ending)
    assert "Traceback" not in rest
    assert files(slow / "site") == before
    # Asked for by name, the other article is built without waiting for the slow one.
    done = run(slow, "build", "averages")
    assert done.returncode == 0, done.stderr
    assert "Left out, since its figures are stale: slow" in done.stderr
