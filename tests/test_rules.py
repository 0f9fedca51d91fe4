import re
from pathlib import Path

import stillroom
from stillroom.rules import RULES, rules_page

PACKAGE = Path(stillroom.__file__).parent
DOCS = PACKAGE.parents[1] / "docs"


def codes_in_use():
    return {
        code
        for path in PACKAGE.rglob("*.py")
        if path.name != "rules.py"
        for code in re.findall(r'"([A-Z]\d{3})"', path.read_text(encoding="utf-8"))
    }


def test_every_code_in_use_is_a_rule():
    assert codes_in_use() - RULES.keys() == set()


def test_every_rule_is_in_use():
    assert RULES.keys() - codes_in_use() == set()


def test_the_page_of_rules_is_made_from_the_table():
    assert (DOCS / "rules.md").read_text(encoding="utf-8") == rules_page()


def test_rules_are_in_order_and_written_as_sentences():
    order = "AMCXFS"
    assert list(RULES) == sorted(RULES, key=lambda code: (order.index(code[0]), code))
    for rule in RULES.values():
        assert rule.remedy.endswith(".")
        assert not rule.title.endswith(".")
