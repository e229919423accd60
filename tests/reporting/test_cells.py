import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.papers import Table
from graspbook.reporting.cells import Cells

ROWS = {"A-b": (1.0, 10.0), "B": (2.0, 40.0), "C": (4.0, 0.0)}
TABLE = Table(
    section="§",
    caption="c",
    label="method",
    unit="u",
    metrics={m: {"title": m, "decimals": 1, "better": "higher"} for m in ("x", "y")},
    rows={row: {"x": x, "y": y} for row, (x, y) in ROWS.items()},
    groups={"low": ["A-b", "B"], "high": ["B", "C"]},
)
CELLS = Cells(TABLE.frame().assign(replicate=0), TABLE)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('x["A-b"]', 1),
        ('y["B"] / x["C"]', 10),
        ('-x["B"] + 3 * (y["A-b"] - 1.5)', 23.5),
        ("min(x[high])", 2),
        ("max(y[low]) - min(x[low])", 39),
        ("min(x[high] - x[low])", 1),
        ("max(x[high] / x[low] * 2)", 4),
    ],
)
def test_arithmetic_over_cells(expression, value):
    assert CELLS.evaluate(expression) == pytest.approx([value])


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ('x["Z"]', "unknown row 'Z'"),
        ('z["B"]', "unknown metric 'z'"),
        ("min(x[all])", "unknown group 'all'"),
        ("x[low]", "a group is left over"),
        ('min(x["B"])', r"min\(\) needs a group"),
        ("__import__('os')", "not allowed"),
        ('x["B"] ** 2', "not allowed"),
        ("x.real", "not allowed"),
        ("True", "not allowed"),
        ("[1][0]", "not allowed"),
        ("1 +", "not an expression"),
        ("max(x[low], y[low])", "not allowed"),
    ],
)
def test_anything_else_is_refused(expression, complaint):
    with pytest.raises(InputError, match=complaint):
        CELLS.evaluate(expression)


def test_division_by_zero_has_no_value():
    assert np.isnan(CELLS.evaluate('x["B"] / y["C"]')).all()


def test_each_replicate_is_evaluated_on_its_own_cells():
    frames = [TABLE.frame().assign(replicate=i, x=lambda f, i=i: f["x"] + i) for i in (2, 0, 1)]
    cells = Cells(pd.concat(frames), TABLE)
    np.testing.assert_array_equal(cells.evaluate('x["B"]'), [2, 3, 4])
    np.testing.assert_allclose(cells.evaluate("max(x[low]) / min(x[high])"), [1, 1, 1])
