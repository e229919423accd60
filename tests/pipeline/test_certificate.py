from graspbook.pipeline.bands import Agreement, Cell, Compared
from graspbook.pipeline.certificate import certificate
from graspbook.pipeline.verify import Comparison, StageComparison


def stage(name, agreement, detail="", **found):
    return StageComparison(name, [Comparison(f"reports/{name}.csv", Compared(agreement, detail, **found))])


def test_a_line_is_written_for_each_stage_that_is_not_bit_equal_and_counts_for_all():
    cell = Cell("table_1", "A", "m", 1.0, 1.25, 0.4)
    stages = [stage(f"same {number}", Agreement.EQUAL) for number in range(90)]
    stages.append(stage("a", Agreement.IN_BAND, cells=[cell, Cell("table_1", "B", "m", 1, 1.1, 0.1)], numbers=40))
    stages.append(stage("b", Agreement.STATES))
    lines = certificate(stages, "v1").splitlines()
    assert lines[2].split("  ")[0] == "a" and "in band" in lines[2]
    assert lines[2].endswith("0.40 half-widths at table_1, A, m: 1 committed, 1.25 found")
    assert lines[4] == "92 stages: 90 bit-equal, 1 equal states, 1 in band"
    assert lines[-1].startswith("0 of 40 numbers") and len(lines) < 10


def test_contradictions_are_told_with_their_files_and_not_all_of_many():
    outputs = [Comparison(f"reports/{k}", Compared(Agreement.CONTRADICTS, f"says {k}")) for k in range(5)]
    text = certificate([StageComparison("a", outputs)])
    assert "  reports/0: says 0\n" in text and "and 2 more files" in text and "says 4" not in text
