"""The certificate of a run as text, on one screen."""

from collections import Counter
from collections.abc import Iterable, Sequence

from graspbook.pipeline.bands import RELATIVE, Agreement, Cell
from graspbook.pipeline.machines import Machine
from graspbook.pipeline.verify import StageComparison

SHOWN = 3
"""How many contradictions of a stage are told in full."""
_MEANING = {
    Agreement.STATES: "the data sets were made from equal states, and other pixels",
    Agreement.IN_BAND: "every number lies within the 95 % interval of a second draw",
    Agreement.CLOSE: "numbers without an interval, all within 1 %",
    Agreement.FAR: "numbers without an interval, some not within 1 %; nothing says how far they may be",
    Agreement.BYTES: "only pictures, weights or pages differ",
}


def certificate(stages: Sequence[StageComparison], revision: str = "HEAD") -> str:
    """Who made what, then a line for each stage that is not bit-equal, and how many there are of each kind.

    Args:
        stages: The stages as `compare_run` has compared them.
        revision: The git revision that they were compared with.
    """
    pages = [stage for stage in stages if stage.has_page]
    lines = [
        f"committed ({revision}) on {_machines(stage.committed_on for stage in pages)}",
        f"this run on {_machines(stage.made_on for stage in pages)}",
    ]
    width = max((len(stage.name) for stage in stages), default=0)
    for stage in stages:
        if stage.agreement is not Agreement.EQUAL:
            lines.append(f"{stage.name:<{width}}  {stage.agreement:<12} {_about(stage)}".rstrip())
            lines += [f"  {line}" for line in _wrong(stage)]
    counts = Counter(stage.agreement for stage in stages)
    lines.append(f"{len(stages)} stages: " + ", ".join(f"{counts[one]} {one}" for one in Agreement if counts[one]))
    lines += [f"{one}: {meaning}" for one, meaning in _MEANING.items() if counts[one]]
    cells = [cell for stage in stages for output in stage.outputs for cell in output.found.cells]
    if cells:
        outside = sum(cell.by > 1 for cell in cells)
        numbers = sum(output.found.numbers for stage in stages for output in stage.outputs)
        lines.append(
            f"{outside} of {numbers} numbers in tables that differ are out of band; independent draws would put about "
            f"{numbers / 20:.0f} there"
        )
    return "\n".join(lines)


def _about(stage: StageComparison) -> str:
    """The largest difference of a stage, what its numbers without interval do, and whether the processor is another."""
    said = []
    cells = [cell for output in stage.outputs for cell in output.found.cells]
    if cells:
        largest = max(cells, key=lambda cell: cell.by)
        said.append(f"{largest.by:.2f} half-widths at {largest}")
    loose = [cell for output in stage.outputs for cell in output.found.loose]
    if loose:
        said.append(_without(loose))
    said += [one.found.detail for one in stage.outputs if one.found.agreement == Agreement.FAR and one.found.detail]
    if stage.committed_on and stage.made_on and stage.committed_on != stage.made_on:
        said.append("another machine")
    return "; ".join(said)


def _without(cells: list[Cell]) -> str:
    beyond = [cell for cell in cells if cell.by > RELATIVE]
    if not beyond:
        return f"{len(cells)} numbers without an interval differ by at most {max(cell.by for cell in cells):.2g}"
    farthest = max(beyond, key=lambda cell: cell.by)
    return f"without an interval {len(beyond)} differ by more than {RELATIVE:.0%}, most at {farthest}"


def _wrong(stage: StageComparison) -> list[str]:
    wrong = [output for output in stage.outputs if output.found.agreement in (Agreement.CONTRADICTS, Agreement.MISSING)]
    if wrong and all(output.found.agreement == Agreement.MISSING for output in wrong):
        said = [f"{wrong[0].path}: {wrong[0].found.detail}"]
        return said + ([f"and {len(wrong) - 1} more"] if len(wrong) > 1 else [])
    lines = [f"{output.path}: {output.found.detail}" for output in wrong[:SHOWN]]
    lines += [f"and {len(wrong) - SHOWN} more files"] if len(wrong) > SHOWN else []
    others = [
        f"{output.path}: {output.found.detail}"
        for output in stage.outputs
        if output.found.agreement == Agreement.OUT_OF_BAND and output.found.detail
    ]
    return lines + others


def _machines(machines: Iterable[Machine | None]) -> str:
    counts = Counter(str(machine) if machine else "a machine that is not recorded" for machine in machines)
    if not counts:
        return "no page"
    return "; ".join(f"{name} ({count} stages)" for name, count in counts.most_common())
