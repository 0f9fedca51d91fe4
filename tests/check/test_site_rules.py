import pytest

from stillroom.check import check_site
from stillroom.diagnostics import Diagnostics
from stillroom.settings import Settings

PAGE = "<!doctype html><html><body>\n{}\n</body></html>"


@pytest.fixture
def found(tmp_path):
    """Checks a site of the given files; returns `line: CODE message` of each finding, sorted."""

    def check(files, **settings):
        for name, content in files.items():
            path = tmp_path / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = PAGE.format(content) if name.endswith(".html") else content
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        diagnostics = Diagnostics()
        check_site(tmp_path / "site", Settings(root=tmp_path, **settings), diagnostics)
        return [str(each).removeprefix("site/") for each in diagnostics.errors]

    return check


def test_a_sound_site_has_no_findings(found):
    assert not found(
        {
            "index.html": """
                <link rel="canonical" href="https://example.org/">
                <link rel="stylesheet" href="static/a.css"><script src="static/a.js"></script>
                <a href="articles/a/index.html#part-one">A</a> <a href="#here&m=3">state</a>
                <a href="#m=3">state</a> <a href="https://example.org/x">out</a>
                <a href="#top">up</a>
                <a href="mailto:a@example.org">mail</a> <p id="here">
                <img src="data:image/png;base64,AAAA" alt=""><img src="static/b%20c.png" alt="b">
                <svg><use href="#here"></use></svg>
                """,
            "articles/a/index.html": '<b id="part-one">1</b><a href="../../index.html#here">b</a>',
            "static/a.css": "@font-face { src: url('f.woff2') } b { background: url(data:x) }",
            "static/a.js": "1",
            "static/b c.png": "png",
        }
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<a href="gone.html">x</a>', "'gone.html' is not a file of the site"),
        ('<a href="gone.html?a&amp;b">x</a>', "'gone.html?a&b' is not a file of the site"),
        ('<a href="/index.html">x</a>', "'/index.html' is not a file of the site"),
        ('<a href="other/">x</a>', "'other/' is not a file of the site"),
        ('<a href="../secret.html">x</a>', "'../secret.html' is not a file of the site"),
        (
            '<a href="#prat">x</a><i id="part">',
            "there is no 'prat' in this page; did you mean 'part'?",
        ),
        ('<a href="other/index.html#x">x</a>', "there is no 'x' in other/index.html"),
        ('<img src="gone.png" alt="">', "'gone.png' is not a file of the site"),
        ('<video poster="gone.png"></video>', "'gone.png' is not a file of the site"),
        ('<template data-src="gone.js"></template>', "'gone.js' is not a file of the site"),
        ('<img srcset="gone.png 2x" alt="">', "'gone.png' is not a file of the site"),
    ],
)
def test_s001_a_link_leads_nowhere(found, tmp_path, body, message):
    (tmp_path / "secret.html").write_text("")
    assert found({"index.html": body, "other/index.html": ""}) == [
        f"index.html:2:1: S001 {message}"
    ]


@pytest.mark.parametrize(
    "body",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<script src="//cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="https://cdn.example/x.css">',
        '<link rel="preconnect" href="https://cdn.example">',
        '<img alt="" src="http://cdn.example/x.png">',
        '<img alt="" srcset="http://cdn.example/x.png 2x">',
        '<iframe src="https://cdn.example"></iframe>',
        '<p style="background: url(https://cdn.example/x.png)">',
        "<style>@import 'https://cdn.example/x.css';</style>",
        '<svg><image href="https://cdn.example/x.png"/></svg>',
    ],
)
def test_s002_an_asset_from_another_host(found, body):
    [finding] = found({"index.html": body})
    assert "index.html:2:1: S002" in finding
    assert "cdn.example" in finding


def test_s002_in_a_stylesheet(found):
    assert found({"a.css": "b {}\nb { background: url('https://cdn.example/x.png') }"}) == [
        "a.css:2:1: S002 'https://cdn.example/x.png' is on another host"
    ]


def test_s003_a_picture_without_alt(found):
    files = {"index.html": '<p>\n<img src="a.png"><img src="a.png" alt="">', "a.png": "x"}
    assert found(files) == ["index.html:3:1: S003 <img src='a.png'> has no alt"]


def test_s004_weighs_what_is_loaded_at_once(found):
    files = {
        "index.html": '<img src="now.png" alt=""><img src="later.png" alt="" loading="lazy">'
        '<video src="film.mp4" poster="now.png"></video>',
        "now.png": b"x" * 2_000_000,
        "later.png": b"x" * 9_000_000,
        "film.mp4": b"x" * 9_000_000,
    }
    assert not found(files, page_budget=2_001_000)
    assert found(files, page_budget=1_000_000) == [
        "index.html:1:1: S004 the page weighs 2.0 MB, its budget is 1.0 MB; "
        "the heaviest file is now.png"
    ]


def test_s005_an_id_twice(found):
    assert found({"index.html": '<i id="b"></i>\n<i id="a"></i><i id="a"></i>'}) == [
        "index.html:3:1: S005 2 elements have the id 'a'"
    ]
