import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources import make_site, read


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


@pytest.mark.parametrize(
    ("role", "values", "initial", "label"),
    [
        ("{slider}`a values=1|2.5|1e3`", (1, 2.5, 1000.0), 1, "a"),
        ("{slider}`a values=-1|0|1 value=0 label='a b'`", (-1, 0, 1), 0, "a b"),
        ("{slider}`a min=0 max=0.3 step=0.1 value=0.3`", (0.0, 0.1, 0.2, 0.3), 0.3, "a"),
        ("{slider}`a min=1 max=10 step=4`", (1, 5, 9), 1, "a"),
        ("{picker}`a values=cat|big-dog value=big-dog`", ("cat", "big-dog"), "big-dog", "a"),
    ],
)
def test_controls(site, role, values, initial, label):
    article, found = read(site, role)
    assert found == []
    [control] = article.controls
    assert (control.values, control.initial, control.label) == (values, initial, label)
    assert [type(value) for value in control.values] == [type(value) for value in values]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    low=st.decimals(-100, 100, places=2),
    step=st.decimals("0.01", 5, places=2),
    count=st.integers(1, 200),
)
def test_steps_are_those_of_decimal_arithmetic(site, low, step, count):
    high = low + step * count
    article, _ = read(site, f"{{slider}}`a min={low} max={high} step={step}`")
    [control] = article.controls
    assert list(control.values) == [
        float(Fraction(low) + index * Fraction(step)) for index in range(count + 1)
    ]


def test_reading_articles_imports_nothing_heavy():
    heavy = "{'torch', 'numpy', 'altair', 'PIL', 'skimage', 'citeproc', 'pygments.lexers'}"
    code = f"import sys, stillroom.source.article; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
