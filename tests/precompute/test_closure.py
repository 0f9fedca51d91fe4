import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.precompute.closure import Sources, UnreadableModuleError, normalise

SAMPLE = '''#!/usr/bin/env python
"""Module."""
from __future__ import annotations  # why


@deco  # a comment
def f(x):
    """Docstring
    with # a hash.

    """
    y = """kept  

  # no comment
"""  # a comment
    text = f"a{x!r:>{y}} # kept {'#'}"
    é = ("one"  # first

         "two")
    return x  ;  """kept, not first"""

class A:
    'one' "docstring"

    z = 1
async def g():
    """Only a docstring."""
'''  # noqa: W291

NORMAL = '''from __future__ import annotations
@deco
def f(x):
    y = """kept  

  # no comment
"""
    text = f"a{x!r:>{y}} # kept {'#'}"
    é = ("one"
         "two")
    return x  ;  """kept, not first"""
class A:
    z = 1
async def g():'''  # noqa: W291


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Sources(root)


def names(root, files, name="recipes"):
    return list(write(root, files).closure(name))


def digests(root, files, name="recipes"):
    return {module.digest for module in write(root, files).closure(name).values()}


def test_comments_docstrings_and_blank_lines_are_cut():
    assert normalise(SAMPLE) == NORMAL


LINE = st.sampled_from(["x = 1", "y = 'a # b'", "z = f'{x}#'", "w = '''a\n\n  # b  \n'''", "f(x)"])
NOISE = st.sampled_from(["", "   ", "# comment", "    # 'indented\"", "\t"])


@given(st.lists(st.tuples(LINE, st.lists(NOISE, max_size=2), st.sampled_from(["", "  # c", " "]))))
def test_noise_between_and_after_lines_never_counts(parts):
    plain = "\n".join(line for line, _, _ in parts)
    noisy = "\n".join("\n".join([*noise, line + tail]) for line, noise, tail in parts)
    assert normalise(noisy) == normalise(plain)


@given(st.lists(LINE, max_size=4), st.lists(LINE, max_size=4))
def test_different_programs_stay_different(one, other):
    texts = ["\n".join(one), "\n".join(other)]
    same = ast.dump(ast.parse(texts[0])) == ast.dump(ast.parse(texts[1]))
    assert (normalise(texts[0]) == normalise(texts[1])) == same


def test_line_ends_and_byte_order_marks_do_not_count(tmp_path):
    (tmp_path / "recipes.py").write_bytes(b"x = 1\ny = 2\n")
    plain = Sources(tmp_path).closure("recipes")["recipes"].digest
    (tmp_path / "recipes.py").write_bytes(b"\xef\xbb\xbfx = 1\r\ny = 2\r\n")
    assert Sources(tmp_path).closure("recipes")["recipes"].digest == plain


@pytest.mark.parametrize(
    "text",
    [
        "import recipes.b",
        "from recipes.b import x",
        "from recipes import b",
        "from . import b",
        "from .b import *",
        "def f():\n    from .b import x",
        "if True:\n    import recipes.b as c",
        "try:\n    from .b import x\nexcept ImportError:\n    pass",
    ],
)
def test_each_kind_of_import_is_followed(tmp_path, text):
    files = {"recipes/__init__.py": "", "recipes/a.py": text, "recipes/b.py": "x = 1"}
    assert names(tmp_path, files, "recipes.a") == ["recipes", "recipes.a", "recipes.b"]


def test_the_closure_is_transitive_and_has_parent_packages_and_survives_circles(tmp_path):
    files = {
        "recipes/__init__.py": "from .deep import one",
        "recipes/a.py": "x = 1",
        "recipes/deep/__init__.py": "",
        "recipes/deep/one.py": "from ..deep.two import y\nfrom .. import a",
        "recipes/deep/two.py": "from stillroom.models import nothing\nimport recipes.a",
        "recipes/unused.py": "",
    }
    assert names(tmp_path, files, "recipes.a") == [
        "recipes",
        "recipes.a",
        "recipes.deep",
        "recipes.deep.one",
        "recipes.deep.two",
        "stillroom.models",
    ]


def test_an_article_may_import_what_lies_beside_it_and_the_sites_recipes(tmp_path):
    files = {
        "articles/my-slug/recipes.py": "from .helpers import h\nfrom recipes import shared",
        "articles/my-slug/helpers.py": "",
        "recipes.py": "",
    }
    assert names(tmp_path, files, "articles.my-slug.recipes") == [
        "articles.my-slug.helpers",
        "articles.my-slug.recipes",
        "recipes",
    ]


def test_the_engine_and_other_packages_are_not_in_it(tmp_path):
    text = "import torch, numpy.linalg\nfrom stillroom import recipe\nimport stillroom.media.kinds"
    assert names(tmp_path, {"recipes.py": text}) == ["recipes"]


def test_a_climb_out_of_the_package_is_pythons_to_refuse(tmp_path):
    assert names(tmp_path, {"recipes.py": "from ....far import x"}) == ["recipes"]


def test_a_memo_saves_parsing_and_notices_a_change(tmp_path, monkeypatch):
    memo = {}
    write(tmp_path, {"recipes.py": "x = 1"})
    before = Sources(tmp_path, memo).closure("recipes")["recipes"]
    with monkeypatch.context() as patched:
        patched.setattr(ast, "parse", None)
        assert Sources(tmp_path, memo).closure("recipes")["recipes"] == before
    write(tmp_path, {"recipes.py": "x = 2"})
    assert Sources(tmp_path, memo).closure("recipes")["recipes"].digest != before.digest


@pytest.mark.parametrize(
    ("content", "line"), [(b"x = 1\nx = = 2\n", 2), (b"\xff\xfe", 1), (b"x = 1\0", 1), (b"'''", 1)]
)
def test_what_is_not_python_is_located(tmp_path, content, line):
    (tmp_path / "recipes.py").write_bytes(content)
    with pytest.raises(UnreadableModuleError) as caught:
        Sources(tmp_path).closure("recipes")
    assert (caught.value.path.name, caught.value.line) == ("recipes.py", line)


def test_recipes_are_found_without_importing(tmp_path):
    text = (
        "import stillroom\nraise SystemExit\n\n@recipe(view='x')\ndef one_two(run): 'Doc.'\n"
        "@stillroom.recipe(view='y')\ndef three(run): ...\n@other\ndef four(run): ...\n"
        "def outer():\n    @recipe(view='x')\n    def inner(run): ...\n"
    )
    module = write(tmp_path, {"recipes.py": text}).read("recipes")
    found = [(each.name, each.function, each.line, each.doc) for each in module.recipes]
    assert found == [("one-two", "one_two", 5, "Doc."), ("three", "three", 7, "")]
