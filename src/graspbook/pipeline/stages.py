"""What a paper's `dvc.yaml` says of its stages: which notebook each runs, its folder of reports, what it is given.

A stage names what it is given under `params`, in the file `reports/sources/<slug>.yaml` (`graspbook.pipeline.sources`):
the profile, its notebook, and sections of the paper's parameters, such as `train`. A part of a section stands behind a
slash, such as `models/grasp-100`.
"""

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml
from graspbook.pipeline.params import BOOK, PARAMS

SOURCES = Path("reports/sources")
"""The folder that the stage `sources` writes."""
PROFILE = "profile"
KEYED = re.compile(r"\$\{(?:key|item)\}")
"""Where the name of one member of a family (`foreach`) stands."""
OF_EACH = r"[a-zA-Z0-9-]+"
"""What such a name looks like."""


@dataclass(frozen=True)
class Stage:
    """One stage of a paper's pipeline that runs a notebook, or one family of stages.

    Attributes:
        pipeline: The pipeline file that says so.
        slug: The paper's short name; "" for the book's own stages.
        name: The name of the stage in the pipeline file.
        notebook: The path of the notebook, relative to the repository, as all paths here.
        reports: The folder of reports that the stage owns; with `${key}` or `${item}` where it is a family.
        sections: The parts of the paper's parameters that it is given, such as `train` and `models/${key}`.
        makes: The files and folders that it leaves beside its reports.
    """

    pipeline: Path
    slug: str
    name: str
    notebook: Path
    reports: Path
    sections: tuple[str, ...]
    makes: tuple[Path, ...]

    @property
    def address(self) -> str:
        """What `dvc repro` calls it, such as `notebooks/don/dvc.yaml:scenes`."""
        return f"{self.pipeline.as_posix()}:{self.name}" if self.slug else self.name

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

        return replace(
            self,
            reports=Path(named(self.reports)),
            sections=tuple(map(named, self.sections)),
            makes=tuple(Path(named(path)) for path in self.makes),
        )


def pipeline_files(root: Path, slug: str = "*") -> list[Path]:
    """The book's own `dvc.yaml`, then those of its papers.

    Args:
        root: The repository.
        slug: The short name of the only paper whose pipeline files are wanted, without the book's own.
    """
    own = [root / "dvc.yaml"] if slug == "*" else []
    return [path for path in (*own, *sorted(root.glob(f"notebooks/{slug}/**/dvc.yaml"))) if path.exists()]


def slug_of(pipeline: Path) -> str:
    """The short name of the paper that a file in `notebooks/` belongs to; "" for any other file.

    Args:
        pipeline: The path of the file, relative to the repository.
    """
    first, *rest = pipeline.parts
    return rest[0] if first == "notebooks" and len(rest) > 1 else ""


def notebook_stages(root: Path) -> list[Stage]:
    """All stages that run a notebook, in the order of the pipeline files.

    Args:
        root: The repository.
    """
    found = []
    for path in pipeline_files(root):
        pipeline = path.relative_to(root)
        for name, entry in read_yaml(path).get("stages", {}).items():
            entry = entry.get("do", entry)
            words = shlex.split(str(entry.get("cmd", "")))
            if words[:2] == ["graspbook", "run-notebook"]:
                found.append(_stage(pipeline, name, words, entry))
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
        place = given
        *outer, last = section.split("/")
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = section_value(stage, section, parameters)
    return given


def section_value(stage: Stage, section: str, parameters: dict[str, Any]) -> Any:
    """What a section that a stage names holds.

    Args:
        stage: The stage, for the error message.
        section: The name of the section, such as `train` or `models/grasp-100`.
        parameters: All of the paper's parameters, as plain values.

    Raises:
        InputError: The section does not exist.
    """
    value: Any = parameters
    for part in section.split("/"):
        if not isinstance(value, dict) or part not in value:
            raise InputError(f"{PARAMS}/{stage.slug}.yaml: no '{section}', which {stage.address} depends on")
        value = value[part]
    return value


def sources_file(slug: str) -> Path:
    """The file that says what the stages of a paper are made from, as the stage `sources` writes it.

    Args:
        slug: The paper's short name; "" for the book itself.
    """
    return SOURCES / f"{slug or BOOK}.yaml"


def _stage(pipeline: Path, name: str, words: list[str], entry: dict[str, Any]) -> Stage:
    slug, notebook, reports = slug_of(pipeline), Path(words[2]), Path(words[3])
    files = {path: names for file in entry.get("params", []) if isinstance(file, dict) for path, names in file.items()}
    given = files.get(sources_file(slug).as_posix(), [])
    outs = [next(iter(out)) if isinstance(out, dict) else out for out in entry.get("outs", [])]
    return Stage(
        pipeline,
        slug,
        name,
        notebook,
        reports,
        tuple(one for one in given if one not in (PROFILE, notebook.stem)),
        tuple(Path(out) for out in outs if Path(out) != reports),
    )
