import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.source.math import MathError, check_macros, to_mathml


def test_display_and_inline():
    assert to_mathml("x", display=False) == "<math><mi>x</mi></math>"
    assert to_mathml("x", display=True) == '<math display="block"><mi>x</mi></math>'


def test_macros():
    macros = {"mine": r"\mathbb{R}", "half": r"\frac{1}{2}"}
    assert check_macros(macros) is None
    assert "ℝ" in to_mathml(r"\mine^n", False, macros)
    with pytest.raises(MathError, match=r'Unknown command "\\mine"'):
        to_mathml(r"\mine^n", False)
    assert check_macros({"a": "x", "b": r"\nope"}) == ("b", r'Unknown command "\nope"')


@pytest.mark.parametrize(
    ("latex", "position", "message"),
    [
        (r"\alpha + \foo", 9, "Unknown command"),
        ("éé }", 3, "Unmatched"),
        (r"a \tag{1}", 2, r"\$\$ … \$\$ \(name\)"),
        (r"\begin{gather} a \end{gather}", 0, "use 'gathered'"),
        (r"\begin{equation} a \end{equation}", 0, "without"),
        ("\ud800", 0, "Unicode"),
    ],
)
def test_errors_have_a_position(latex, position, message):
    with pytest.raises(MathError, match=message) as raised:
        to_mathml(latex, display=True)
    assert raised.value.position == position


def test_unnumbered_environments_are_fine():
    assert "<mtable" in to_mathml(r"\begin{align*} a &= b \\ c &= d \end{align*}", display=True)


@given(st.text(), st.booleans())
def test_no_text_raises_anything_else(latex, display):
    position = 0
    try:
        assert to_mathml(latex, display).startswith("<math")
    except MathError as error:
        position = error.position
    assert 0 <= position <= len(latex)
