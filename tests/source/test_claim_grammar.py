import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.source.claims import (
    ClaimError,
    Outcome,
    UnknownFactError,
    evaluate,
    parse,
)

FACTS = {"error": 0.01, "steps": 100, "best": "gcn", "done": True, "nothing": math.nan}


OTHERS = {("", "fig-a", "error"): 0.5, ("other", "fig-a", "error"): 0.25}


def find(name):
    return OTHERS[name.article, name.figure, name.fact] if name.figure else FACTS[name.fact]


def check(text):
    return evaluate(parse(text), find)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("error < 0.02", True),
        ("error>0.02", False),
        ("0 < error < fig-a.error <= 0.5", True),
        ("1 < 2 < 2", False),
        ("fig-a.error / error == 50", True),
        ("other/fig-a.error < fig-a.error", True),
        ("steps / other/fig-a.error == 400", True),
        ("1/fig-a.error == 2", True),
        ("2 + 3 * 4 == 14", True),
        ("10 - 2 - 3 == 5", True),
        ("8 / 2 / 2 == 2", True),
        ("-(1 + 2) * -2 == 6", True),
        ("steps - 1 < steps", True),
        ("abs(-error) == error", True),
        ("min(1, steps, 3) == 1", True),
        ("max(error, fig-a.error) == .5", True),
        ("1e-3 < error", True),
        ('best == "gcn"', True),
        ("best != 'gat'", True),
        ("best == 1", False),
        ("done == true", True),
        ("nothing == nothing", False),
        ("best < 'z'", True),
    ],
)
def test_claims_hold_or_not(text, holds):
    assert check(text).holds is holds


def test_the_facts_a_claim_looked_at_are_named_as_written():
    assert check("error < fig-a.error + steps") == Outcome(
        True, {"error": 0.01, "fig-a.error": 0.5, "steps": 100}
    )


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "expected a fact or a number"),
        ("   ", 4, "expected a fact or a number"),
        ("error", 6, "expected a comparison"),
        ("error < ", 9, "expected a fact or a number"),
        ("error < 1 2", 11, "expected the end"),
        ("error = 1", 7, "unexpected '='; equality is written =="),
        ("(error < 1", 8, "expected '\\)'"),
        ("abs(1, 2) > 0", 1, "abs takes one value"),
        ("sqrt(4) > 0", 1, "unknown function 'sqrt'"),
        ("1 < 1e999", 5, "too large"),
        ("1 < " + "9" * 5000, 5, "too long"),
        ("1 < " + "(" * 60 + "1" + ")" * 60, 55, "nested too deeply"),
        ("1 < " + "-" * 60 + "1", 55, "nested too deeply"),
    ],
)
def test_what_does_not_parse_has_a_column(text, column, message):
    with pytest.raises(ClaimError, match=message) as raised:
        parse(text)
    assert raised.value.column == column


@pytest.mark.parametrize(
    ("text", "name", "column"),
    [
        ("1 < eror", "eror", 5),
        ("fig-b.error < 1", "fig-b.error", 1),
        ("1 < else/fig-a.error", "else/fig-a.error", 5),
    ],
)
def test_unknown_facts(text, name, column):
    with pytest.raises(UnknownFactError) as raised:
        check(text)
    assert (str(raised.value.name), raised.value.column) == (name, column)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("1 / (steps - 100) > 0", 3, "division by zero"),
        ("best + 1 > 0", 1, "is a text"),
        ("best < 1", 8, "cannot be put in order"),
    ],
)
def test_what_cannot_be_calculated(text, column, message):
    with pytest.raises(ClaimError, match=message) as raised:
        check(text)
    assert raised.value.column == column


numbers = st.floats(min_value=-1e6, max_value=1e6).map(lambda x: round(x, 3))
arithmetic = st.recursive(
    numbers.map(lambda x: f"({x})"),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=8,
)


@given(arithmetic, arithmetic, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_arithmetic_agrees_with_python(left, right, sign):
    text = f"{left} {sign} {right}"
    assert check(text).holds is eval(text)


@given(st.one_of(st.text(), st.text(alphabet='abs(1,+-*/<=> ."mint)')))
def test_parse_raises_nothing_but_claim_errors(text):
    column = 1
    try:
        assert parse(text).comparisons
    except ClaimError as error:
        column = error.column
    assert 1 <= column <= len(text) + 1
