import pytest

from rendering import HERE, findings, make_article, make_claim, make_figure, make_result
from stillroom.check import (
    check_claims,
    check_facts,
    check_labels,
    check_quotes,
    check_verdicts,
)
from stillroom.check.claims import unknown_fact
from stillroom.diagnostics import Diagnostics
from stillroom.settings import Settings
from stillroom.source.model import Control, FactUse, Verdict

FACTS = {"error_at_1": 0.5, "error_at_1000": 0.0134, "label": "cat", "total": 4}
TABLES = {"curve": {"m": [1, 10], "error": [0.5, 0.2]}}


@pytest.fixture
def settings(tmp_path):
    return Settings(root=tmp_path)


def checked(settings, *claims, draft=False):
    figure = make_figure(claims=tuple(make_claim(text) for text in claims))
    other = make_figure("fig-other", number=2)
    article = make_article(figures=(figure, other))
    results = {
        ("waves", "fig-waves"): make_result(settings, figure, facts=FACTS),
        ("waves", "fig-other"): make_result(settings, other, facts={"best": 0.4}),
    }
    diagnostics = Diagnostics()
    return check_claims([article], results, diagnostics, draft=draft), diagnostics


def test_claims_that_hold_are_shown_with_their_facts(settings):
    claims, diagnostics = checked(settings, "error_at_1000 < 0.02", "fig-other.best < error_at_1")
    first, second = claims["waves", "fig-waves"]
    assert first.holds
    assert first.text == "error_at_1000 < 0.02"
    assert first.values == {"error_at_1000": 0.0134}
    assert second.values == {"fig-other.best": 0.4, "error_at_1": 0.5}
    assert findings(diagnostics) == []


def test_f022_a_claim_that_fails_names_the_numbers(settings):
    claims, diagnostics = checked(settings, "error_at_1000 < 0.01")
    assert not claims["waves", "fig-waves"][0].holds
    assert findings(diagnostics) == [
        f"{HERE}: F022 claim does not hold: error_at_1000 < 0.01 (error_at_1000 = 0.0134)"
    ]


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (
            "error_at_100 < 1",
            "figure 'fig-waves' has no fact 'error_at_100'; did you mean 'error_at_1000'? "
            "(facts: error_at_1, error_at_1000, label, total)",
        ),
        (
            "fig-other.bset < 1",
            "figure 'fig-other' has no fact 'bset'; did you mean 'best'? (facts: best)",
        ),
        (
            "fig-ohter.best < 1",
            "there is no figure 'fig-ohter' with a result; did you mean 'fig-other'?",
        ),
    ],
)
def test_f023_unknown_facts(settings, claim, message):
    claims, diagnostics = checked(settings, claim)
    assert claims["waves", "fig-waves"] == ()
    assert findings(diagnostics) == [f"{HERE}: F023 {message}"]


def test_f021_what_cannot_be_compared(settings):
    _, diagnostics = checked(settings, "label < 3")
    assert findings(diagnostics) == [
        f"{HERE}: F021 a text and a number cannot be put in order (in: label < 3)"
    ]


def test_a_draft_only_warns(settings):
    _, diagnostics = checked(settings, "error_at_1000 < 0.01", "gone > 1", draft=True)
    assert diagnostics.errors == []
    assert [each.code for each in diagnostics.warnings] == ["F022", "F023"]


def uses(settings, *, draft=False, controls=(), **use):
    figure = make_figure()
    quoted = FactUse(**{"article": "waves", "figure": "fig-waves", "location": HERE, **use})
    article = make_article(figures=(figure,), fact_uses=(quoted,), controls=controls)
    result = make_result(settings, figure, facts=FACTS, tables=TABLES, draft=draft)
    diagnostics = Diagnostics()
    check_facts([article], {("waves", "fig-waves"): result}, diagnostics)
    return findings(diagnostics)


def test_of_many_facts_a_message_names_those_that_are_near():
    facts = {f"error_at_{n}": n for n in range(100)}
    message = unknown_fact("fig-waves", "error_at_200", facts)
    assert message.endswith(" and 92 more)")
    assert "error_at_20," in message


def test_facts_that_exist_are_fine(settings):
    assert uses(settings, fact="total", format=".2f") == []
    assert uses(settings, table="curve", column="error", variable="m") == []


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            {"figure": "fig-wave", "fact": "total"},
            "X003 there is no figure 'fig-wave'; did you mean 'fig-waves'?",
        ),
        (
            {"fact": "totl"},
            "X004 figure 'fig-waves' has no fact 'totl'; did you mean 'total'? "
            "(facts: error_at_1, error_at_1000, label, total)",
        ),
        ({"fact": "label", "format": ".2f"}, "X004 fact 'label' cannot be shown as '.2f': "),
        (
            {"table": "cruve", "column": "error", "variable": "m"},
            "X004 figure 'fig-waves' has no table 'cruve'; did you mean 'curve'? (tables: curve)",
        ),
        (
            {"table": "curve", "column": "eror", "variable": "m"},
            "X004 table 'curve' has no column 'eror'; did you mean 'error'? (columns: m, error)",
        ),
        (
            {"table": "curve", "column": "error", "variable": "k"},
            "X004 table 'curve' has no column 'k' (columns: m, error)",
        ),
    ],
)
def test_facts_that_do_not_exist(settings, use, message):
    [finding] = uses(settings, **use)
    assert finding.startswith(f"{HERE}: {message}")


def test_every_choice_of_a_picker_needs_a_row(settings):
    picker = Control("m", "picker", ("1", "cat"), "1", "", HERE)
    [finding] = uses(settings, controls=(picker,), table="curve", column="error", variable="m")
    assert finding == f"{HERE}: X004 table 'curve' has no row where m is '1'"


def test_a_fact_missing_from_a_draft_result_is_a_warning(settings):
    [finding] = uses(settings, fact="totl", draft=True)
    assert "X004 warning: " in finding


def of_another_article(settings, *claims, verdicts=(), facts=(), built=True, draft=False):
    """What is said of an article `tides` that uses facts of `waves`, and its verdicts."""
    figure = make_figure("fig-tides", claims=tuple(make_claim(text) for text in claims))
    article = make_article(
        slug="tides",
        figures=(figure,),
        verdicts=tuple(Verdict(text, HERE, "tides") for text in verdicts),
        fact_uses=tuple(FactUse("waves", "fig-waves", HERE, fact=fact) for fact in facts),
    )
    results = {
        ("tides", "fig-tides"): make_result(settings, figure, slug="tides", facts={"height": 2})
    }
    if built:
        results["waves", "fig-waves"] = make_result(settings, make_figure(), facts=FACTS)
    diagnostics = Diagnostics()
    check_quotes([article], results, diagnostics, draft=draft)
    check_facts([article], results, diagnostics)
    claimed = check_claims([article], results, diagnostics, draft=draft)
    shown = check_verdicts([article], results, diagnostics, draft=draft)
    return claimed["tides", "fig-tides"], [*shown.values()], findings(diagnostics)


def test_facts_of_another_article_are_compared(settings):
    claims, verdicts, found = of_another_article(
        settings,
        "height > waves/fig-waves.error_at_1",
        verdicts=["fig-tides.height > 3", "waves/fig-waves.total == 2 * fig-tides.height"],
        facts=["total"],
    )
    assert found == []
    assert [claim.holds for claim in claims] == [True]
    # A verdict that does not hold is a result.
    assert [verdict.holds for verdict in verdicts] == [False, True]
    assert verdicts[1].values == {"waves/fig-waves.total": 4, "fig-tides.height": 2}


def test_f022_a_claim_over_another_article_fails_as_any_other(settings):
    _, _, found = of_another_article(settings, "height > waves/fig-waves.total")
    assert found == [
        f"{HERE}: F022 claim does not hold: height > waves/fig-waves.total"
        " (height = 2, waves/fig-waves.total = 4)"
    ]


def test_facts_that_another_article_lacks(settings):
    _, verdicts, found = of_another_article(
        settings,
        "height > waves/fig-waves.totl",
        verdicts=["waves/fig-waves.totl > 1", "fig-tides.heigth > 1", "waves/fig-waves.label > 1"],
        facts=["totl"],
    )
    assert verdicts == []
    facts = "(facts: error_at_1, error_at_1000, label, total)"
    lacks = f"figure 'fig-waves' has no fact 'totl'; did you mean 'total'? {facts}"
    assert found == [
        f"{HERE}: F023 {lacks}",
        f"{HERE}: M007 verdict: a text and a number cannot be put in order",
        f"{HERE}: X004 figure 'fig-tides' has no fact 'heigth'; did you mean 'height'?"
        " (facts: height)",
        f"{HERE}: X004 {lacks}",
    ]


@pytest.mark.parametrize(("draft", "mark"), [(False, ""), (True, "warning: ")])
def test_x008_an_article_that_is_not_computed(settings, draft, mark):
    uses = {"verdicts": ["waves/fig-waves.total > 1"], "facts": ["total"]}
    claims, verdicts, found = of_another_article(
        settings, "height > waves/fig-waves.total", built=False, draft=draft, **uses
    )
    assert (claims, verdicts) == ((), [])
    assert found == [
        f"{HERE}: X008 {mark}figure 'fig-waves' of the article 'waves' is not computed;"
        " build 'waves' too"
    ]


@pytest.mark.parametrize(
    ("view", "data", "label"),
    [
        ("scrubber", {"choices": [{"label": "Cat"}, {"label": "Dog"}, {"label": "Cat"}]}, "Cat"),
        ("own", {"panels": [{"label": "A"}, {"label": "A"}]}, "A"),
        ("compare", {"labels": ["Before", "Before"]}, "Before"),
    ],
)
def test_f026_two_panels_with_one_label(settings, view, data, label):
    def found(data):
        result = make_result(settings, make_figure(), view=view, data=data)
        diagnostics = Diagnostics()
        check_labels({("waves", "fig-waves"): result}, diagnostics)
        return findings(diagnostics)

    assert found(data) == [f"{HERE}: F026 2 panels or choices are called '{label}'"]
    assert found({name: each[:-1] for name, each in data.items()}) == []
    # Pictures of one kind may share a label, and what is no list of labels is the view's concern.
    assert found({"images": ["a", "b"], "choices": 3, "panels": [1, {}]}) == []
