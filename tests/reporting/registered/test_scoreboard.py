import matplotlib.pyplot as plt
import numpy as np
import pytest

from graspbook.reporting.registered.judging import JudgedClaim
from graspbook.reporting.registered.ledger_frame import ledger_frame
from graspbook.reporting.registered.scoreboard import COLOURS, NO_SCALE, counted_claims, draw_scoreboard
from graspbook.reporting.registered.verdicts import SHARES_DRAWN, Verdict
from tests.registrations import registered
from tests.reporting.registered.test_ledger import outcome


@pytest.fixture
def ledger():
    claims = [registered(id=f"X{k}") for k in range(1, 6)]
    unprinted = registered(id="X6", printed=None)
    values = [2.0, -5.0, np.nan, 8.0, 99.0]
    judged = [JudgedClaim("mock", c, (outcome(c, v, 1),)) for c, v in zip(claims, values, strict=True)]
    return ledger_frame({"mock": [*judged, JudgedClaim("mock", unprinted, (outcome(unprinted, 5, 1),))]})


def test_claims_stand_by_verdict_and_then_by_the_share_that_was_found(ledger):
    assert list(counted_claims(ledger, "mock")["claim"]) == ["X5", "X4", "X1", "X6", "X2", "X3"]


def test_every_claim_is_a_line_in_the_colour_of_its_verdict(ledger):
    figure = draw_scoreboard(ledger, {"mock": "A paper"})
    (axis,) = figure.axes
    assert axis.get_title() == "A paper\n4 of 5 hold"
    marks = {int(line.get_ydata()[0]): line for line in axis.lines if line.get_marker() not in ("None", "")}
    assert marks[0].get_marker() == ">" and marks[0].get_xdata()[0] == SHARES_DRAWN[1]  # beyond the axis
    assert marks[1].get_marker() == "o" and marks[1].get_xdata()[0] == pytest.approx(0.8)
    assert marks[3].get_marker() == "D" and marks[3].get_xdata()[0] == NO_SCALE
    assert marks[4].get_color() == COLOURS[Verdict.OPPOSITE] and marks[4].get_xdata()[0] == pytest.approx(-0.5)
    drawn = {int(line.get_ydata()[0]) for line in axis.lines if len(set(line.get_ydata())) == 1}
    assert drawn == set(range(6))
    plt.close(figure)
