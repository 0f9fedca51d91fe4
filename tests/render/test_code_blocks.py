import re

from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from stillroom.render.code import highlight, stylesheet


def test_known_languages_get_classes():
    assert highlight("def f(): pass\n", "python").startswith('<span class="k">def</span>')


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_any_text_in_any_language_stays_text(code):
    for language in ("python", "html", "no-such-language", ""):
        shown = LexborHTMLParser(f"<pre>x{highlight(code, language)}</pre>").css_first("pre")
        assert shown.text().rstrip("\n") == f"x{code}".rstrip("\n")
        assert not shown.css(":not(span)")[1:]


def test_every_class_has_a_colour_in_light_and_in_dark():
    sheet = stylesheet()
    assert sheet == stylesheet()
    light, _, rest = sheet.partition("@media (prefers-color-scheme: dark)")
    system, chosen = rest.split("\n}\n", 1)
    for part in (light, system, chosen):
        assert ".highlight .k " in part
    assert re.search(r":root:not\(\[data-theme=light\]\) \.highlight \.k ", system)
    assert re.search(r":root\[data-theme=dark\] \.highlight \.k ", chosen)
    assert "background" not in sheet.replace("background-color", "")
