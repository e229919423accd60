"""The reproduction certificate: a run of yours against the committed one, stage by stage.

A stage is `bit-equal`; or its data sets have `equal states`; or every number of its tables is `in band`, or one is `out
of band` (`graspbook.pipeline.bands`). A stage of which only numbers without an interval differ is `within 1 %` or
`beyond 1 %`, one of which only pictures, weights or pages do has `other bytes`: on another type of processor, that is
expected. A stage `contradicts` itself where its files do not agree with one another or with `dvc.lock`
(`graspbook.pipeline.consistency`), or where one cannot be read; it is `missing` where it did not run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml
from graspbook.pipeline.bands import Agreement, Compared, compare_json, compare_table
from graspbook.pipeline.consistency import REPLICATES, printed_table, read_table, report_problems
from graspbook.pipeline.hashes import summarise
from graspbook.pipeline.machines import MACHINES, Machine, read_machines
from graspbook.pipeline.made import MADE
from graspbook.pipeline.revision import Revision
from graspbook.pipeline.stages import SOURCES, slug_of

REPORTS = "reports"
_NOT_WRITTEN = "is not what its stage wrote: dvc.lock has another hash"


@dataclass(frozen=True)
class Comparison:
    """One output of one stage, or a file of one.

    Attributes:
        path: The path of the output.
        found: How it compares with the committed one.
    """

    path: str
    found: Compared


@dataclass(frozen=True)
class StageComparison:
    """One stage.

    Attributes:
        name: The name of the stage, after the short name of its paper.
        outputs: Its outputs, and the files in them that git has.
        committed_on: On what the committed run was made; None where that is not recorded.
        made_on: On what this run was made; None where that is not recorded.
        has_page: Whether it runs a notebook, so that a machine can be recorded.
    """

    name: str
    outputs: list[Comparison]
    committed_on: Machine | None = None
    made_on: Machine | None = None
    has_page: bool = False

    @property
    def agreement(self) -> Agreement:
        """How the stage compares: as the output that says most of it."""
        return max((one.found.agreement for one in self.outputs), key=list(Agreement).index, default=Agreement.EQUAL)


def compare_run(root: Path, run: Path, revision: str = "HEAD") -> list[StageComparison]:
    """Compare every stage output of a run with the committed one, and the reports of the run with one another.

    Args:
        root: The repository; its `revision` holds what is compared with.
        run: The folder of the run: the repository itself after `dvc repro`, or another checkout.
        revision: The git revision to compare with.

    Raises:
        InputError: There is no git repository, no such revision, or no `dvc.lock` in either.
    """
    known = Revision(root, revision)
    locks = [
        lock for lock in known.files() if Path(lock).name == "dvc.lock" and Path(lock).parts[0] not in ("runs", "tests")
    ]
    if not locks:
        raise InputError(f"{revision}: no dvc.lock is committed; there is nothing to compare with")
    if not any((run / lock).exists() for lock in locks):
        raise InputError(f"{run / locks[0]}: missing; run `dvc repro` first")
    problems: dict[str, list[str]] = {}
    for problem in report_problems(run / REPORTS):
        problems.setdefault(f"{REPORTS}/{problem.path}", []).append(problem.says)
    machines = [
        read_machines((content or b"").decode(errors="replace"))
        for content in (known.read(MACHINES.as_posix()), _content(run / MACHINES))
    ]
    stages = []
    for lock in locks:
        theirs = _outputs(_yaml(known.read(lock) or b"", f"{lock} at {revision}"), f"{lock} at {revision}")
        ours = _outputs(read_yaml(run / lock), str(run / lock)) if (run / lock).exists() else {}
        paper = f"{slug}: " if (slug := slug_of(Path(lock))) else ""
        for name, outs in theirs.items():
            folder = next((path for path in outs if path.startswith(f"{REPORTS}/")), "")
            found = [one for path in outs for one in _compare_output(known, run, path, outs, ours.get(name), problems)]
            committed_on, made_on = (of_run.get(folder) for of_run in machines)
            has_page = f"{folder}/notebook.ipynb" in known.files(folder)
            stages.append(StageComparison(f"{paper}{name}", found, committed_on, made_on, has_page))
    left = [Comparison(path, Compared(Agreement.CONTRADICTS, "; ".join(says))) for path, says in problems.items()]
    return stages + ([StageComparison("in no stage", left)] if left else [])


def _compare_output(
    known: Revision,
    run: Path,
    path: str,
    theirs: dict[str, str],
    ours: dict[str, str] | None,
    problems: dict[str, list[str]],
) -> Iterator[Comparison]:
    """Compare one output; what is told of `problems` is taken out of them."""
    if ours is None or path not in ours:
        yield Comparison(path, Compared(Agreement.MISSING, "the stage did not run" if ours is None else "not made"))
        return
    files = known.files(path)
    if not files:  # not in git: its hash is all there is, and what `made.csv` says of its states
        if ours[path] == theirs[path]:
            yield Comparison(path, Compared(Agreement.EQUAL))
        else:
            yield Comparison(path, _compare_states(known, run, path, theirs))
        return
    changed = path != SOURCES.as_posix() and (run / path).exists() and summarise(run / path).md5 != ours[path]
    if changed and ours[path] != theirs[path]:
        yield Comparison(path, Compared(Agreement.CONTRADICTS, _NOT_WRITTEN))
    for file in files:
        content = _content(run / file)
        if content is None:
            found = Compared(Agreement.MISSING, "the file is not there")
        elif known.has(file, content):
            found = Compared(Agreement.EQUAL)
        else:
            found = _compare_committed(known, run, file, content)
            if changed and ours[path] == theirs[path]:
                found.agreement = Agreement.CONTRADICTS
                found.detail = "; ".join(filter(None, [found.detail, _NOT_WRITTEN]))
        if says := problems.pop(file, []):
            found.agreement = Agreement.CONTRADICTS
            found.detail = "; ".join(dict.fromkeys(filter(None, [*says, found.detail])))
        yield Comparison(file, found)


def _compare_committed(known: Revision, run: Path, file: str, content: bytes) -> Compared:
    theirs = known.read(file) or b""
    if PurePosixPath(file).name == MADE:
        return _compare_made(content, theirs)
    own = f"{file.removesuffix('.csv')}{REPLICATES}"
    drawn = (_content(run / own), known.read(own)) if file.endswith(".csv") else (None, None)
    pair = (drawn[0], drawn[1]) if drawn[0] is not None and drawn[1] is not None else None
    if pair and not _readable(pair[0]):  # told where the replicates are
        pair = None
    return compare_file(file, content, theirs, pair)


def compare_file(path: str, ours: bytes, theirs: bytes, replicates: tuple[bytes, bytes] | None = None) -> Compared:
    """Compare one file by what its kind allows: the numbers of tables and of JSON, the bytes of all else.

    Args:
        path: The path of the file, which tells its kind.
        ours: The bytes of this run.
        theirs: The committed bytes.
        replicates: The bytes of the replicates of a table, of this run and committed; None where there are none.
    """
    if ours == theirs:
        return Compared(Agreement.EQUAL)
    if path.endswith(".csv"):
        printed = printed_table(Path(path.removeprefix(f"{REPORTS}/")))
        return compare_table(path, ours, theirs, replicates, printed)
    if path.endswith(".json") and not path.endswith("metrics.json"):  # whose numbers are those of tables
        return compare_json(path, ours, theirs)
    return Compared(Agreement.BYTES)


def passed(stages: list[StageComparison]) -> bool:
    """Whether nothing is missing or out of band, and nothing contradicts itself.

    Args:
        stages: The stages as `compare_run` has compared them.
    """
    return all(list(Agreement).index(one.agreement) < list(Agreement).index(Agreement.OUT_OF_BAND) for one in stages)


def _compare_made(ours: bytes, theirs: bytes, only: str | None = None) -> Compared:
    """Compare lists of what a stage made by the states of the data sets whose pixels differ, where they are listed."""
    try:
        mine, known = (read_table(content, ".csv").set_index("path").to_dict("index") for content in (ours, theirs))
    except (InputError, KeyError, ValueError):
        return Compared(Agreement.CONTRADICTS, "cannot be read as a list of what was made")
    pairs = {path: (mine.get(path, {}), line) for path, line in known.items() if only in (None, path)}
    states = {path: (_states(a), _states(b)) for path, (a, b) in pairs.items() if a.get("md5") != b.get("md5")}
    if other := [path for path, (a, b) in states.items() if a and b and a != b]:
        return Compared(Agreement.FAR, f"other states: {', '.join(other)}")
    same = bool(states) and all(a and a == b for a, b in states.values())
    return Compared(Agreement.STATES if same else Agreement.BYTES)


def _compare_states(known: Revision, run: Path, path: str, outs: dict[str, str]) -> Compared:
    """Compare an output that git has not by what the `made.csv` beside its stage's reports says of its states."""
    for made in (f"{out}/{MADE}" for out in outs if out.startswith(f"{REPORTS}/")):
        ours, theirs = _content(run / made), known.read(made)
        if ours is not None and theirs is not None:
            found = _compare_made(ours, theirs, path)
            return found if found.agreement != Agreement.CONTRADICTS else Compared(Agreement.BYTES)
    return Compared(Agreement.BYTES)


def _states(line: dict[str, Any]) -> str:
    value = line.get("states")
    return value if isinstance(value, str) else ""


def _readable(replicates: bytes) -> bool:
    try:
        read_table(replicates, REPLICATES)
    except InputError:
        return False
    return True


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _yaml(content: bytes, source: str) -> dict[str, Any]:
    try:
        return yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise InputError(f"{source}: not valid YAML") from None


def _outputs(lock: dict[str, Any], source: str) -> dict[str, dict[str, str]]:
    """For each stage of a `dvc.lock` the hash of each of its outputs, by path."""
    try:
        return {
            stage: {out["path"]: out["md5"] for out in entry.get("outs", [])}
            for stage, entry in lock.get("stages", {}).items()
        }
    except (AttributeError, KeyError, TypeError):
        raise InputError(f"{source}: expected stages, each with the paths and hashes of its outputs") from None
