import datetime

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from stillroom.diagnostics import Location
from stillroom.source import located
from stillroom.source.located import YamlError, load


def read(text):
    return load(text, lambda line, column: Location("f", line + 1, column + 1))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("True", True),
        ("1e-3", 0.001),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("~", None),
        ("", None),
        ("2026-11-21", datetime.date(2026, 11, 21)),
        ("2026-11-21T10:00:00", datetime.datetime(2026, 11, 21, 10)),
        ("2026-11-21 draft", "2026-11-21 draft"),
        ("=", "="),
        ("<<: 1", {"<<": 1}),
        ("a: [1, {b: c}]", {"a": [1, {"b": "c"}]}),
    ],
)
def test_values(text, value):
    assert read(text).value == value
    assert type(read(text).value) is type(value)


def test_places():
    located = read("a: 1\nb:\n  - x\n  - {c: 'd'}\n")
    assert {path: str(place) for path, place in located.keys.items()} == {
        "a": "f:1:1",
        "b": "f:2:1",
        "b.0": "f:3:5",
        "b.1": "f:4:5",
        "b.1.c": "f:4:6",
    }
    assert str(located.values["b.1.c"]) == "f:4:10"  # inside the quotes
    assert str(located.values["a"]) == "f:1:4"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1", "f:1:6"),
        ("a: 1\na: 2", "f:2:1"),
        ("a: &x 1\nb: *x", "f:1:4"),
        ("a: !!python/object 1", "f:1:4"),
        ("a: 2026-13-45", "f:1:4"),
        ("? [a]\n: b", "f:1:3"),
        ("a: \x01", "f:1:4"),
        ("--- 1\n--- 2", "f:2:1"),
        ("a: " + "9" * 5000, "f:1:4"),
        ("[" * 1000, "f:1:1"),
    ],
)
def test_errors_have_a_place(text, place):
    with pytest.raises(YamlError) as raised:
        read(text)
    assert str(raised.value.location) == place


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Dumper(yaml.SafeDumper):
    """PyYAML's writer, quoting what our dialect, and not PyYAML's YAML 1.1, takes for a number."""

    yaml_implicit_resolvers = located._Loader.yaml_implicit_resolvers


@given(plain)
@example({"0E0": None, "no": "010"})
def test_what_yaml_writes_is_read_back(value):
    assert read(yaml.dump(value, Dumper=Dumper)).value == value


@given(st.text())
def test_no_text_raises_anything_else(text):
    line = 1
    try:
        read(text)
    except YamlError as error:
        line = error.location.line
    assert 1 <= line <= text.count("\n") + text.count("\r") + 2
