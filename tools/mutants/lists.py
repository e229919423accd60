"""Which small wrong changes are tried, and which tests should notice each."""

import csv
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from tools.mutants.automatic import automatic_changes, sampled

PACKAGE = "src/graspbook"
LISTS = "tests/mutants"


class Refused(ValueError):
    """A list of mutants, or of survivors, that cannot be used."""


@dataclass(frozen=True)
class Mutant:
    """A module with a small wrong change.

    Attributes:
        path: The module, below the package.
        word: What is wrong, in words that no other mutant of the module has.
        text: The module's new source.
        chosen: Whether a person wrote it, rather than the syntax tree.
    """

    path: str
    word: str
    text: str
    chosen: bool

    @property
    def room(self) -> str:
        """The first folder of the module's path."""
        return self.path.split("/")[0]

    @cached_property
    def digest(self) -> str:
        """A name of the new source."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def chosen_mutants(root: Path) -> list[Mutant]:
    """Those written by hand: `tests/mutants/chosen/*.yaml`, for each module what is wrong: [old text, new text].

    Args:
        root: The repository.

    Raises:
        Refused: A module is not there, an old text is not in it exactly once, or the new source is not Python.
    """
    mutants = []
    for file in sorted((root / LISTS / "chosen").glob("*.yaml")):
        for path, changes in yaml.safe_load(file.read_text()).items():
            if not (root / PACKAGE / path).exists():
                raise Refused(f"{file.name}: {path} is no module below {PACKAGE}")
            text = (root / PACKAGE / path).read_text()
            for word, (old, new) in changes.items():
                if text.count(old) != 1:
                    raise Refused(f"{file.name}: {path}: {word}: {old!r} found {text.count(old)} times, expected once")
                mutants.append(Mutant(path, word, text.replace(old, new), True))
                _compile(mutants[-1], file.name)
    return mutants


def automatic_mutants(root: Path) -> list[Mutant]:
    """Those drawn from the syntax trees of the modules that `tests/mutants/automatic.yaml` names.

    Args:
        root: The repository.

    Raises:
        Refused: A module is not there.
    """
    settings = yaml.safe_load((root / LISTS / "automatic.yaml").read_text())
    mutants = []
    for path in settings["modules"]:
        if not (root / PACKAGE / path).exists():
            raise Refused(f"automatic.yaml: {path} is no module below {PACKAGE}")
        text = (root / PACKAGE / path).read_text()
        for _, word, new in sampled(automatic_changes(text), settings["of_each"], settings["seed"]):
            mutants.append(Mutant(path, word, new, False))
            _compile(mutants[-1], "automatic.yaml")
    return mutants


def _compile(mutant: Mutant, file: str) -> None:
    try:
        compile(mutant.text, mutant.path, "exec")
    except SyntaxError as error:
        raise Refused(f"{file}: {mutant.path}: {mutant.word}: line {error.lineno} is not Python") from None


def files_testing(path: str, root: Path) -> tuple[list[str], list[str]]:
    """The test files that should notice a wrong module: first those about it, then the others of its room.

    Args:
        path: The module, below the package.
        root: The repository.

    Returns:
        Its own test file and those that import it, and all others of its room.
    """
    folder, name = Path(path).parent, Path(path).stem
    dotted = ".".join(("graspbook", *folder.parts))
    imports = re.compile(rf"\b{dotted}\.{name}\b|from {dotted} import [^\n]*\b{name}\b")
    files = sorted((root / "tests").glob("*/**/test_*.py"))
    near = [file for file in files if imports.search(file.read_text())]
    own = root / "tests" / folder / f"test_{name}.py"
    about = [own] * own.exists() + [file for file in near if file != own]
    rest = [file for file in files if file.is_relative_to(root / "tests" / Path(path).parts[0]) and file not in about]
    rest.sort(key=lambda file: file.parent != own.parent)  # those of the same folder first
    about, rest = ([file.relative_to(root).as_posix() for file in some] for some in (about, rest))
    return about, rest


def reasons(root: Path) -> dict[tuple[str, str], str]:
    """Why some mutants may survive: (module, word) -> reason, of `tests/mutants/survivors.csv`.

    Args:
        root: The repository.

    Raises:
        Refused: A survivor has no reason.
    """
    with (root / LISTS / "survivors.csv").open(newline="") as file:
        found = {(row["path"], row["word"]): (row["reason"] or "").strip() for row in csv.DictReader(file)}
    for (path, word), reason in found.items():
        if not reason:
            raise Refused(f"survivors.csv: {path}: {word}: no reason")
    return found
