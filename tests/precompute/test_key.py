import json
import math
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.precompute.key import UnknownValueError, canonical, digest, key_of
from stillroom.precompute.manifest import Ingredients

FINITE = st.floats(allow_nan=False, allow_infinity=False)
LEAF = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | FINITE | st.text(max_size=5)
VALUE = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def ingredients(**changes):
    values = {
        "format_version": 1,
        "media_version": 1,
        "recipe": "waves",
        "params": {"n": 1},
        "seed": 0,
        "draft": False,
        "source": {"recipes": "aa"},
        "packages": {"torch": "2.12"},
        "inputs": {"cat.png": "bb"},
        "needs": {"net": "cc"},
        **changes,
    }
    return Ingredients(**values)


def typed(value):
    """A second notion of equality: types count, tuples are lists, the order of keys does not."""
    if isinstance(value, dict):
        return ("dict", tuple(sorted((name, typed(each)) for name, each in value.items())))
    if isinstance(value, list | tuple):
        return ("list", tuple(typed(each) for each in value))
    return (type(value).__name__, repr(value))


def test_unequal_things_that_other_caches_confuse():
    values = [
        1,
        1.0,
        True,
        "1",
        [1],
        ["1"],
        -1,
        -2,
        [1, 2],
        [12],
        [[1], 2],
        0.0,
        -0.0,
        None,
        "null",
    ]
    values += [False, 0, "", [], {}, {"a": 1}, {"a": 1.0}, [["a", 1]], "[1,2]", 1e16, 10**16]
    texts = [canonical(value) for value in values]
    assert len(set(texts)) == len(texts)


def test_order_of_keys_and_tuples_do_not_count():
    assert canonical({"b": 1, "a": (1, 2)}) == canonical({"a": [1, 2], "b": 1})


@given(VALUE, VALUE)
def test_equal_texts_exactly_for_equal_typed_values(one, other):
    assert (canonical(one) == canonical(other)) == (typed(one) == typed(other))


@given(VALUE)
def test_reading_back_gives_the_same_key(value):
    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, math.nan]}, "a.1"),
        (math.inf, ""),
        ({"a": {1, 2}}, "a"),
        ({1: 2}, ""),
        (np.float64(1.5), ""),
        ([np.zeros(2)], "0"),
        (b"bytes", ""),
        (lambda: 1, ""),
        (object(), ""),
    ],
)
def test_what_has_no_canonical_form_is_an_error(value, path):
    with pytest.raises(UnknownValueError) as caught:
        canonical(value)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 2},
        {"media_version": 2},
        {"recipe": "other"},
        {"params": {"n": 1.0}},
        {"params": {"n": 1, "m": None}},
        {"seed": 1},
        {"draft": True},
        {"source": {"recipes": "ab"}},
        {"source": {"recipes": "aa", "recipes.more": "aa"}},
        {"packages": {"torch": "2.13"}},
        {"inputs": {"cat.png": "bc"}},
        {"inputs": {"dog.png": "bb"}},
        {"needs": {"net": "cd"}},
    ],
)
def test_each_ingredient_is_in_the_key(change):
    assert key_of(ingredients(**change)) != key_of(ingredients())


def test_keys_are_the_same_everywhere_and_always():
    text = '[1,1.5,"\\u00e9",null,{"a":-0.0,"b":true}]'
    assert canonical((1, 1.5, "é", None, {"b": True, "a": -0.0})) == text
    assert digest((1, 1.5, "é", None, {"b": True, "a": -0.0})) == sha256(text.encode()).hexdigest()
    assert key_of(ingredients()) == (
        "55466b477f6c02dfaf96f8bd96e3794b6bc6211e68f8de88d30aba4874c62be2"
    )
