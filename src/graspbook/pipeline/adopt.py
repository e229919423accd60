"""Results that stay valid though the code that made them has changed, with a proof.

A refactor changes fingerprints, and with them every stage that reaches what was changed would run again. `adopt` runs
these stages at the profile `smoke` twice, with the code of a revision at which the results were up to date and with the
code of today, and compares every byte that they write. Where all are equal, the lock entries are brought up to date,
the executed notebooks get the text of today, and `reports/adoptions.csv` records what was compared. Where one differs,
nothing is changed.

What changes no fingerprint (prose, comments, names, places) needs no proof, and only the executed notebooks' text.
"""

import contextlib
import csv
import io
import json
import subprocess
from collections.abc import Callable, Iterator, Set
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from dvc.utils.serialize import modify_yaml

from graspbook.core.atomic import new_file, write_text
from graspbook.core.errors import InputError
from graspbook.core.fingerprint import NAME
from graspbook.pipeline.carry import executed_by, renewed
from graspbook.pipeline.git_command import commit_of
from graspbook.pipeline.hashes import summarise
from graspbook.pipeline.index import INDEX, write_index
from graspbook.pipeline.locks import current_mentions, lock_item, update_mentions
from graspbook.pipeline.made import MADE
from graspbook.pipeline.proof import SMOKE, Compared, prove, run_own
from graspbook.pipeline.recipes import Locked, Recipe, is_current, read_locked, read_recipes
from graspbook.pipeline.run_notebook import EXECUTED
from graspbook.pipeline.sources import write_sources
from graspbook.pipeline.stages import SOURCES

ADOPTIONS = Path("reports/adoptions.csv")
COLUMNS = ("date", "base", "stage", "ran", "files", "bytes", "digest")


def adopt(root: Path, base: str, say: Callable[[str], None], leave: Set[str] = frozenset()) -> list[str]:
    """Carry results over to the code of today.

    Args:
        root: The repository; its working tree has the code of today.
        base: The git revision at which the results were up to date.
        say: The function that takes each line for the reader.
        leave: The addresses of stages whose results are meant to change: they are not carried over, and have to run.

    Returns:
        The addresses of the stages that needed a proof.

    Raises:
        InputError: There is no such revision or stage, the two runs differ, or a result is not the one that was locked.
            The message names the first file of each stage that differs, and nothing has been changed.
    """
    revision = commit_of(root, base)
    with _as_it_was_on_failure(root / SOURCES):
        return _adopt(root, base, revision, say, leave)


def _adopt(root: Path, base: str, revision: str, say: Callable[[str], None], leave: Set[str]) -> list[str]:
    mentions = current_mentions(root, [SOURCES, INDEX])
    write_sources(root)
    today, locked = read_recipes(root), read_locked(root)
    if unknown := sorted(leave - locked.keys()):
        raise InputError(f"{unknown[0]}: no such stage has a result that could be left out")
    with _worktree(root, revision) as tree:
        run_own(tree, "sources")  # what is committed may be of other code
        before = read_recipes(tree)
        valid = {
            name: one
            for name, one in locked.items()
            if name in today
            and name not in leave
            and any(name in some and is_current(one, some[name]) for some in (today, before))
        }
        unproven = [name for name, one in valid.items() if not is_current(one, today[name])]
        for name in sorted(set(locked) & set(today) - set(valid)):
            say(f"{name}: {'left out' if name in leave else f'not up to date at {base}'}; it has to run")
        proofs = prove(root, tree, {name: valid[name] for name in unproven}, say) if unproven else {}
        renamed = new_names(tree / SMOKE, root / SMOKE) if proofs else {}
    copies = _renewed_copies(root, valid, today, proofs)
    lists = _renamed_lists(root, [valid[name] for name in unproven], renamed)
    mentions += current_mentions(root, [*(path.parent for path in copies), *lists])
    for path, text in lists.items():
        write_text(root / path, text)
    for path, notebook in copies.items():
        with new_file(root / path) as temporary:
            nbformat.write(notebook, temporary)
        say(f"{path}: the text of today")
    if (root / INDEX).is_file():  # titles may have changed
        write_index(root)
    _update_locks(root, {name: valid[name] for name in unproven}, today)
    update_mentions(root, mentions)
    if proofs:
        _record(root / ADOPTIONS, revision, proofs)
        rename_results(root / "scratch", renamed)
    say(f"{len(proofs)} stages adopted with a proof, {len(copies)} executed notebooks with the text of today")
    return unproven


@contextlib.contextmanager
def _as_it_was_on_failure(path: Path) -> Iterator[None]:
    """Keep the files of a folder as they were, should something fail."""
    before = {file: file.read_text(encoding="utf-8") for file in path.iterdir()}
    try:
        yield
    except BaseException:
        for file, text in before.items():
            write_text(file, text)
        raise


@contextlib.contextmanager
def _worktree(root: Path, revision: str) -> Iterator[Path]:
    """A checkout of a revision below `scratch/`."""
    tree = root / "scratch" / "adopt" / revision
    _git(root, "worktree", "prune")
    if not tree.exists():
        _git(root, "worktree", "add", "--detach", "--force", str(tree), revision)
    try:
        yield tree
    finally:
        _git(root, "worktree", "remove", "--force", str(tree))


def _git(root: Path, *arguments: str) -> None:
    ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    if ran.returncode != 0:
        raise InputError(f"`git {' '.join(arguments[:2])}` failed: {ran.stderr.strip()}")


def _renewed_copies(
    root: Path, valid: dict[str, Locked], today: dict[str, Recipe], proofs: dict[str, Compared]
) -> dict[Path, nbformat.NotebookNode]:
    """The executed notebooks whose text is no longer that of today, as they shall be."""
    pages = executed_by(root, {name: one.reports for name, one in valid.items()})
    copies = {}
    for name, stage in pages.items():
        shown = proofs[name].shown if name in proofs else None
        notebook = renewed(root, stage, today[name].command, shown)
        path = stage.reports / EXECUTED
        if nbformat.writes(notebook) != (root / path).read_text(encoding="utf-8").rstrip("\n"):
            _check_untouched(root, valid[name])
            copies[path] = notebook
    return copies


def _renamed_lists(root: Path, stages: list[Locked], renamed: dict[str, str]) -> dict[Path, str]:
    """The lists of what adopted stages have drawn from states, as they shall be: with the name of today's code."""
    lists = {}
    for locked in stages:
        path = Path(locked.reports) / MADE
        text = (root / path).read_text(encoding="utf-8") if (root / path).is_file() else ""
        new = NAME.sub(lambda match: f"{match[1]}-{renamed.get(match[2], match[2])}", text)
        if new != text:
            _check_untouched(root, locked)
            lists[path] = new
    return lists


def _check_untouched(root: Path, locked: Locked) -> None:
    """Raise InputError unless a stage's reports are the ones that its lock entry names."""
    hashes = {out["path"]: out["md5"] for out in locked.entry["outs"]}
    if hashes[locked.reports] != summarise(root / locked.reports).md5:
        raise InputError(f"{locked.name}: {locked.reports} is not what the lock file says; run the stage again")


def _update_locks(root: Path, stages: dict[str, Locked], today: dict[str, Recipe]) -> None:
    """Let lock entries say what their stages are given today."""
    for lock in {locked.lock for locked in stages.values()}:
        with modify_yaml(str(lock)) as content:
            for name, locked in stages.items():
                if locked.lock == lock:
                    entry, recipe = content["stages"][locked.name], today[name]
                    entry["cmd"] = recipe.command
                    # copied, or what two keys share would be written once and referred to
                    entry["params"] = json.loads(json.dumps(recipe.parameters))
                    known = {item["path"]: item for item in entry.get("deps", [])}
                    deps = [
                        known[path] if path in known and path not in recipe.files else lock_item(root, path)
                        for path in sorted(recipe.reads)
                    ]
                    entry.update({"deps": deps} if deps else {})


def _record(path: Path, revision: str, proofs: dict[str, Compared]) -> None:
    """Add a line for each stage to the record of adoptions."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not path.exists():
        writer.writerow(COLUMNS)
    day = datetime.now(UTC).date().isoformat()
    for name, proof in sorted(proofs.items()):
        writer.writerow([day, revision, name, " ".join(proof.ran), proof.files, proof.bytes, proof.digest])
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    write_text(path, before + text.getvalue())


def new_names(before: Path, after: Path) -> dict[str, str]:
    """From the code's half of names of results to the one that it has become, as two workspaces show.

    Names stand in `scratch/`, and in the lists of what was drawn from states.

    Args:
        before: The workspace in which the old code ran.
        after: The workspace in which the new code ran on the same settings and data.
    """
    old, new = _names_in(before), _names_in(after)
    return {old[data]: new[data] for data in old.keys() & new.keys() if old[data] != new[data]}


def _names_in(workspace: Path) -> dict[str, str]:
    """From the half for data to the half for code, of everything that is kept or listed under a fingerprint."""
    texts = [path.name for pattern in ("*", "*/*") for path in (workspace / "scratch").glob(pattern)]
    texts += [path.read_text(encoding="utf-8") for path in (workspace / "reports").rglob(MADE)]
    return dict(pair for text in texts for pair in NAME.findall(text))


def rename_results(scratch: Path, renamed: dict[str, str]) -> None:
    """Let finished trainings and other results in `scratch/` be found under the names that they have today.

    Args:
        scratch: The folder `scratch/` of the repository.
        renamed: The new names that `new_names` found, by the old ones.
    """
    for path in [*scratch.glob("*"), *scratch.glob("*/*")]:
        match = NAME.search(path.name)
        if match and match[2] in renamed:
            target = path.with_name(path.name.replace(match[2], renamed[match[2]]))
            if not target.exists():
                path.rename(target)
