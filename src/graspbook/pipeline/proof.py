"""The proof of an adoption: stages run at `smoke` with the code of two trees, and every byte compared."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import NAME
from graspbook.data.states import ENDING, read_states
from graspbook.pipeline.carry import code_cells_with_outputs
from graspbook.pipeline.made import MADE
from graspbook.pipeline.recipes import Locked, read_recipes
from graspbook.pipeline.run_notebook import EXECUTED
from graspbook.pipeline.side_by_side import needed_steps
from graspbook.pipeline.sources import read_notebook
from graspbook.pipeline.workspace import prepare_workspace

SMOKE = Path("runs/smoke")


@dataclass(frozen=True)
class Compared:
    """What two runs wrote alike.

    Attributes:
        ran: The addresses of the stages that ran.
        files: The number of files compared.
        bytes: The number of bytes in them.
        digest: The hash of all of them, 16 hexadecimal digits.
        shown: Which code cells of its notebook have outputs today; None where they are the same ones as before.
    """

    ran: list[str]
    files: int
    bytes: int
    digest: str
    shown: list[bool] | None


def prove(root: Path, tree: Path, stages: dict[str, Locked], say: Callable[[str], None]) -> dict[str, Compared]:
    """Run stages with the code of both trees, and compare what they write.

    Where `smoke` leaves out a member of a family, the members that it runs stand for it. If stages differ, the error
    names the first file of each.
    """
    run_for = stand_ins(list(stages), smoke_stages(root))
    wanted = sorted({other for others in run_for.values() for other in others})
    say(f"{len(stages)} stages have other code than when they ran: running {len(wanted)} at smoke, with old and new")
    for folder in (tree, root):
        _run_smoke(folder, wanted)
    made = {name: recipe.makes for name, recipe in read_recipes(root / SMOKE).items()}
    found, differing = {}, []
    for name, others in run_for.items():
        paths = [path for other in others for path in made[other]]
        try:
            found[name] = compare(tree / SMOKE, root / SMOKE, paths, others)
        except InputError as error:
            differing.append(str(error))
            continue
        say(f"{name}: {found[name].files} files alike" + ("" if others == [name] else f", of {', '.join(others)}"))
    if differing:
        raise InputError("\n".join(dict.fromkeys(differing)))
    return found


def smoke_stages(root: Path) -> set[str]:
    """The addresses of the stages that the profile `smoke` runs.

    Args:
        root: The repository.
    """
    return set(needed_steps(prepare_workspace(root, "smoke"), []))


def stand_ins(stages: list[str], there: set[str]) -> dict[str, list[str]]:
    """For each stage those that are run for it: itself, or the members of its family that are there.

    Args:
        stages: The addresses of the stages.
        there: The addresses of the stages that can be run.

    Raises:
        InputError: Neither the stage is there, nor a member of its family.
    """
    found = {}
    for name in stages:
        family = f"{name.partition('@')[0]}@"
        found[name] = [name] if name in there else sorted(other for other in there if other.startswith(family))
        if not found[name]:
            raise InputError(f"{name}: the profile smoke does not run it, so nothing can be proved; run the stage")
    return found


def _run_smoke(folder: Path, stages: list[str]) -> None:
    run_own(folder, "reproduce", "--profile", "smoke", *(word for name in stages for word in ("--stage", name)))


def run_own(folder: Path, *arguments: str) -> None:
    """Run a command of graspbook in a folder, with the folder's own code."""
    command = [sys.executable, "-m", "graspbook.pipeline.cli", *arguments]
    variables = os.environ | {"PYTHONPATH": str(folder / "src")}
    ran = subprocess.run(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, check=False)
    if ran.returncode != 0:
        raise InputError(f"`graspbook {arguments[0]}` fails in {folder}; what went wrong stands above")


def compare(before: Path, after: Path, paths: list[str], ran: list[str]) -> Compared:
    """Compare what lies at paths in two folders, byte by byte; of notebooks, the outputs.

    Args:
        before: The workspace of the old code.
        after: The workspace of the new code.
        paths: The files or folders to compare, relative to both.
        ran: The addresses of the stages that wrote them.

    Raises:
        InputError: Something differs; the message names the first file.
    """
    names = sorted({name for path in paths for folder in (before, after) for name in _files(folder, path)})
    sha, size, shown = hashlib.sha256(), 0, None
    for name in names:
        contents = [_content(folder / name) for folder in (before, after)]
        if contents[0] != contents[1]:
            missing = " (only one of the two runs has it)" if None in contents else ""
            raise InputError(f"{name} differs between the old and the new code{missing}; nothing was adopted")
        sha.update(name.encode() + contents[0])
        size += len(contents[0])
        if Path(name).name == EXECUTED:
            there, here = (code_cells_with_outputs(read_notebook(folder / name)) for folder in (before, after))
            shown = None if there == here else here
    return Compared(ran, len(names), size, sha.hexdigest()[:16], shown)


def _files(folder: Path, path: str) -> Iterator[str]:
    place = folder / path
    found = [place] if place.is_file() else (one for one in place.rglob("*") if one.is_file())
    return (one.relative_to(folder).as_posix() for one in found)


def _content(path: Path) -> bytes | None:
    """What counts of a file: of a notebook, what its cells show; of states and lists, all but the name of the code."""
    if not path.is_file():
        return None
    if path.name == MADE:
        return NAME.sub(r"\1", path.read_text(encoding="utf-8")).encode()
    if path.name.endswith(ENDING):
        return read_states(path).hash.encode()
    if path.suffix != ".ipynb":
        return path.read_bytes()
    shown = [cell.outputs for cell in read_notebook(path).cells if cell.cell_type == "code" and cell.outputs]
    for output in (output for outputs in shown for output in outputs):
        output.pop("execution_count", None)
    return json.dumps(shown, sort_keys=True).encode()
