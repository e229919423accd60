"""Tries small wrong changes of the wiring, one at a time: does a test fail?

Each mutant is a module with one small wrong change. It stands in a throw-away copy of the repository while the tests
about it run there, then the others of its room, until one fails. Results are added to a file line by line; a run that
was stopped goes on, and only what survived is tried again, once a test has changed. Several may run at once, each with
modules of its own (`--only`).
"""

import argparse
import csv
import hashlib
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tools.mutants.lists import (
    LISTS,
    PACKAGE,
    Mutant,
    Refused,
    automatic_mutants,
    chosen_mutants,
    files_testing,
    reasons,
)
from tools.mutants.worker import Copy, load_libraries

ROOT = Path(__file__).parents[2]
RESULTS = "scratch/mutants/results.csv"
COLUMNS = ("path", "word", "kind", "digest", "tests", "outcome", "by", "seconds")
SECONDS = 300
"""Time for the tests of one mutant, after which it counts as timed out, which is not killed."""


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Runs what is left to run, prints the summary.

    Args:
        arguments: The command line.
        root: The repository.

    Returns:
        0, or 1: a mutant survived without a reason, or a reason is given for one that is killed.
    """
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[""], help="modules that begin so: don/, or don/train.py")
    parser.add_argument("--chosen", action="store_true", help="those written by hand alone")
    parser.add_argument("--quick", action="store_true", help="with the tests about the module alone")
    options = parser.parse_args(arguments)
    try:
        mutants = chosen_mutants(root) + ([] if options.chosen else automatic_mutants(root))
        accepted = reasons(root)
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    mutants = [mutant for mutant in mutants if mutant.path.startswith(tuple(options.only))]
    tests = {mutant.path: files_testing(mutant.path, root)[: 1 if options.quick else 2] for mutant in mutants}
    digests = {path: tests_digest(stages, root) for path, stages in tests.items()}
    run([mutant for mutant in mutants if result(mutant, finished(root), digests) is None], tests, digests, root)
    outcomes = [result(mutant, finished(root), digests) or "not tried" for mutant in mutants]
    return summary(mutants, outcomes, accepted)


def run(mutants: list[Mutant], tests: dict[str, Sequence[list[str]]], digests: dict[str, str], root: Path) -> None:
    """Tries mutants, and adds their results to the file.

    Args:
        mutants: The mutants.
        tests: For each module its test files, as `files_testing` gives them.
        digests: For each module the name of their text.
        root: The repository.
    """
    if not mutants:
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left behind
    load_libraries()
    rooms: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        rooms.setdefault(mutant.room, []).append(mutant)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Copy(root, Path(folder) / "copy")
        for room, own in rooms.items():
            print(f"[mutants] {room}: {len(own)} to try; first the tests without a mutant", flush=True)
            broken = copy.test(sorted({file for mutant in own for stage in tests[mutant.path] for file in stage}), 3600)
            for test in broken.failed:
                print(f"[mutants] fails without a mutant, left out: {test}", flush=True)
            out = [argument for test in broken.failed for argument in ("--deselect", test)]
            for number, mutant in enumerate(own, 1):
                outcome, by, seconds = _try(copy, mutant, tests[mutant.path], out)
                kind = "chosen" if mutant.chosen else "automatic"
                _add(root, (mutant.path, mutant.word, kind, mutant.digest, digests[mutant.path], outcome, by, seconds))
                print(f"[mutants] {number}/{len(own)} {outcome}, {seconds} s: {mutant.path}: {mutant.word}", flush=True)


def _try(copy: Copy, mutant: Mutant, stages: Sequence[list[str]], out: list[str]) -> tuple[str, str, str]:
    """What a mutant comes to, the test that kills it, and the seconds that it took."""
    began, outcome, by = time.monotonic(), "survived", ""
    for stage in stages:
        if stage and outcome == "survived":
            rest = SECONDS - (time.monotonic() - began)
            found = copy.test([*out, *stage], rest, Path(PACKAGE) / mutant.path, mutant.text)
            outcome = {"passed": "survived", "failed": "killed"}.get(found.word, found.word)
            by = " ".join(found.failed[:1])
    return outcome, by, f"{time.monotonic() - began:.1f}"


def finished(root: Path) -> dict[tuple[str, str], dict[str, str]]:
    """The last result of each mutant, by module and word.

    Args:
        root: The repository.
    """
    if not (root / RESULTS).exists():
        return {}
    with (root / RESULTS).open(newline="") as file:
        return {(row["path"], row["word"]): row for row in csv.DictReader(file)}


def tests_digest(stages: Sequence[list[str]], root: Path) -> str:
    """A name of the text of test files, and of what they share.

    Args:
        stages: The files of each stage, relative to the repository.
        root: The repository.
    """
    shared = sorted(file for file in (root / "tests").rglob("*.py") if not file.name.startswith("test_"))
    files = [root / file for stage in stages for file in sorted(stage)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files + shared)).hexdigest()[:16]


def result(mutant: Mutant, known: dict[tuple[str, str], dict[str, str]], digests: dict[str, str]) -> str | None:
    """What a mutant came to, None where that is not known: of the same source, and if it survived, of the same tests.

    Args:
        mutant: The mutant.
        known: Results, as `finished` gives them.
        digests: For each module the name of its tests' text.
    """
    row = known.get((mutant.path, mutant.word))
    if row is None or row["digest"] != mutant.digest:
        return None
    return row["outcome"] if row["outcome"] == "killed" or row["tests"] == digests[mutant.path] else None


def _add(root: Path, row: tuple[str, ...]) -> None:
    path = root / RESULTS
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([COLUMNS, row] if new else [row])


def summary(mutants: list[Mutant], outcomes: list[str], accepted: dict[tuple[str, str], str]) -> int:
    """Prints what became of the mutants, by room; 1 where something is left to do.

    Args:
        mutants: The mutants.
        outcomes: What each came to.
        accepted: Reasons for survivors, as `reasons` gives them.
    """
    rooms: dict[str, Counter] = {}
    survivors, needless = [], []
    for mutant, outcome in zip(mutants, outcomes, strict=True):
        key = (mutant.path, mutant.word)
        if outcome == "killed" and key in accepted:
            needless.append(mutant)
        excused = outcome in ("survived", "timed out") and key in accepted
        if outcome != "killed" and not excused:
            survivors.append((outcome, mutant))
        kind = "chosen" if mutant.chosen else "automatic"
        for room in (mutant.room, "all"):
            rooms.setdefault(room, Counter()).update([(kind, "accepted" if excused else outcome), (kind, "all")])
    for outcome, mutant in survivors:
        print(f"{outcome}: {mutant.path}: {mutant.word}")
    for mutant in needless:
        print(f"killed, and yet with a reason in {LISTS}/survivors.csv: {mutant.path}: {mutant.word}")
    columns = ("killed", "survived", "timed out", "accepted", "not tried", "all")
    print(f"{'':12}{'':12}" + "".join(f"{column:>11}" for column in columns) + "  % killed")
    for room in [*sorted(set(rooms) - {"all"}), *(["all"] if rooms else [])]:
        for kind in ("chosen", "automatic"):
            counts = [rooms[room][kind, column] for column in columns]
            if counts[-1]:
                share = f"{100 * counts[0] / counts[-1]:10.1f}"
                print(f"{room:12}{kind:12}" + "".join(f"{count:11}" for count in counts) + share)
    return int(bool(survivors or needless))


if __name__ == "__main__":
    sys.exit(main())
