import pytest

from rendering import HERE, findings, make_article, make_claim, make_figure, make_result
from stillroom.check import check_claims, check_facts
from stillroom.diagnostics import Diagnostics
from stillroom.settings import Settings
from stillroom.source.model import Control, FactUse

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
    quoted = FactUse(
        **{"article": "waves", "figure": "fig-waves", "location": HERE, **use}
    )
    article = make_article(figures=(figure,), fact_uses=(quoted,), controls=controls)
    result = make_result(settings, figure, facts=FACTS, tables=TABLES, draft=draft)
    diagnostics = Diagnostics()
    check_facts([article], {("waves", "fig-waves"): result}, diagnostics)
    return findings(diagnostics)


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
