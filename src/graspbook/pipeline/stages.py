"""What a paper's `dvc.yaml` says of its stages: which notebook each runs, its folder of reports, what it is given."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml

KEYED = re.compile(r"\$\{(?:key|item)\}")
"""Where the name of one member of a family (`foreach`) stands."""
OF_EACH = r"[a-zA-Z0-9-]+"
"""What such a name looks like."""


@dataclass(frozen=True)
class Stage:
    """One stage of a paper's pipeline that runs a notebook, or one family of stages.

    Attributes:
        slug: The paper's short name; "" for the book's own stages.
        name: The name of the stage in `dvc.yaml`.
        notebook: The path of the notebook, relative to the repository, as all paths here.
        reports: The folder of reports that the stage owns; with `${key}` or `${item}` where it is a family.
        sections: The parts of the paper's parameters that it is given, such as `train` and `models.${key}`.
        makes: The files and folders that it leaves beside its reports.
    """

    slug: str
    name: str
    notebook: Path
    reports: Path
    sections: tuple[str, ...]
    makes: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        """Where its reports lie; of a family, where its members' folders lie."""
        return self.reports.parent if KEYED.search(self.reports.name) else self.reports

    def member(self, key: str) -> "Stage":
        """The member of a family that is called `key`.

        Args:
            key: The name of the member.
        """

        def named(text: object) -> str:
            return KEYED.sub(key, str(text))

        return Stage(
            self.slug,
            self.name,
            self.notebook,
            Path(named(self.reports)),
            tuple(map(named, self.sections)),
            tuple(Path(named(path)) for path in self.makes),
        )


def pipeline_files(root: Path) -> list[Path]:
    """The book's own `dvc.yaml`, then one per paper.

    Args:
        root: The repository.
    """
    return [path for path in (root / "dvc.yaml", *sorted(root.glob("notebooks/*/dvc.yaml"))) if path.exists()]


def notebook_stages(root: Path) -> list[Stage]:
    """All stages that run a notebook, in the order of the pipeline files.

    Args:
        root: The repository.
    """
    found = []
    for path in pipeline_files(root):
        slug = "" if path.parent == root else path.parent.name
        for name, entry in read_yaml(path).get("stages", {}).items():
            entry = entry.get("do", entry)
            words = shlex.split(str(entry.get("cmd", "")))
            if words[:2] == ["graspbook", "run-notebook"]:
                found.append(_stage(slug, name, words, entry))
    return found


def find_stage(stages: list[Stage], out: Path) -> Stage | None:
    """The one among stages, or the member of a family, whose reports go to `out`; None if there is none.

    Args:
        stages: The stages, or families of stages.
        out: The folder of reports, relative to the repository.
    """
    for stage in stages:
        pattern = re.escape(KEYED.sub("\0", stage.reports.as_posix())).replace(re.escape("\0"), f"({OF_EACH})")
        if matched := re.fullmatch(pattern, Path(out).as_posix()):
            return stage.member(matched[1]) if matched.groups() else stage
    return None


def stage_parameters(stage: Stage, parameters: dict[str, Any]) -> dict[str, Any]:
    """The sections that a stage is given, each under its name.

    Args:
        stage: The stage, or one member of a family.
        parameters: All of the paper's parameters, as plain values.

    Raises:
        InputError: A section does not exist.
    """
    given: dict[str, Any] = {}
    for section in stage.sections:
        place, value = given, parameters
        *outer, last = section.split(".")
        for part in outer:
            value = _part(value, part, stage, section)
            place = place.setdefault(part, {})
        place[last] = _part(value, last, stage, section)
    return given


def _part(value: Any, name: str, stage: Stage, section: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise InputError(f"params.yaml: no '{stage.slug}.{section}', which stage '{stage.name}' depends on")
    return value[name]


def _stage(slug: str, name: str, words: list[str], entry: dict[str, Any]) -> Stage:
    reports = Path(words[3])
    listed = [param for param in entry.get("params", []) if isinstance(param, str)]
    outs = [next(iter(out)) if isinstance(out, dict) else out for out in entry.get("outs", [])]
    return Stage(
        slug,
        name,
        Path(words[2]),
        reports,
        tuple(param.removeprefix(f"{slug}.") for param in listed if slug and param.startswith(f"{slug}.")),
        tuple(Path(out) for out in outs if Path(out) != reports),
    )
