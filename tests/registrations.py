"""Registered claims and conditions for tests, of a paper that does not exist."""

import datetime

from graspbook.papers.conditions import Condition
from graspbook.papers.registration import RegisteredClaim

_MARGINS = {"superiority": 0.0, "order": 0.0, "factor": 2.0, "non-inferiority": -3.0, "equivalence": 3.0}
_PRINTED = {"superiority": 10.0, "order": 10.0, "factor": 4.0, "non-inferiority": -1.0, "equivalence": 0.5}


def registered(kind="superiority", **changes):
    """A claim about `table_1` of the paper `mock`.

    Its measure is a difference of two rows, and a ratio of them where its kind is a factor.
    """
    sign, scale = ("/", "ratio") if kind == "factor" else ("-", "difference")
    given = {
        "id": "X1",
        "section": "§II",
        "near": "ours is better",
        "says": "Ours is better.",
        "kind": kind,
        "table": "table_1",
        "measure": {"name": "Ours against theirs", "value": f'miou["Ours"] {sign} miou["Theirs"]', "scale": scale},
        "margin": _MARGINS[kind],
        "reason": "The paper says so.",
        "printed": _PRINTED[kind],
        "sides": "two" if kind == "equivalence" else "one",
        "control": "Equal steps.",
        "power": {"half_width": 0.5, "scenes": 10, "seeds": 3},
        "first": [],
        "needs": [],
    }
    return RegisteredClaim(**(given | changes))


def condition(name="first edition", **changes):
    """A condition whose results are the table of the same name."""
    given = {
        "name": name,
        "date": datetime.date(2026, 1, 2),
        "tests_after_results": True,
        "counts": True,
        "tables": {"table_1": "table_1"},
    }
    return Condition(**(given | changes))
