"""`reports/README.md`: the pages of every paper in reading order, each with its executed copies."""

import re
from pathlib import Path

from graspbook.data.atomic import write_text
from graspbook.papers import load_paper
from graspbook.pipeline.run_notebook import EXECUTED
from graspbook.pipeline.sources import read_notebook, source_notebooks
from graspbook.pipeline.stages import Stage, notebook_stages

INDEX = Path("reports/README.md")


def write_index(root: Path) -> Path:
    """Write the index; returns the file."""
    write_text(root / INDEX, index_text(root))
    return root / INDEX


def index_text(root: Path) -> str:
    """The index as Markdown: per paper a table of its notebooks, what each asks, and links to the executed copies."""
    stages = {stage.notebook: stage for stage in notebook_stages(root)}
    lines = ["# The pages of this book", ""]
    lines += ["Written by the stage `index`. Each page is a notebook that the pipeline executed, with its results."]
    book = [path for path in source_notebooks(root) if path.parent == root / "notebooks"]
    lines += ["", *(f"- {_entry(root, path, stages)}" for path in book)]
    for folder in sorted({path.parent for path in source_notebooks(root)} - {root / "notebooks"}):
        lines += ["", f"## {load_paper(folder.name).title}", "", "| page | you will learn |", "| --- | --- |"]
        for path in source_notebooks(root):
            if path.parent == folder:
                lines.append(f"| {_entry(root, path, stages)} | {_learned(path)} |")
    return "\n".join(lines) + "\n"


def _entry(root: Path, path: Path, stages: dict[Path, Stage]) -> str:
    """The title of a page, linked to its executed copies."""
    title = _opening(path).splitlines()[0].removeprefix("# ")
    stage = stages.get(path.relative_to(root))
    if stage is None:
        return title
    if stage.folder == stage.reports:
        return f"[{title}]({_link(stage.reports / EXECUTED)})"
    copies = sorted(copy.relative_to(root) for copy in (root / stage.folder).glob(f"*/{EXECUTED}"))
    return f"{title}: " + ", ".join(f"[{copy.parent.name}]({_link(copy)})" for copy in copies)


def _link(path: Path) -> str:
    return path.relative_to("reports").as_posix()


def _learned(path: Path) -> str:
    found = re.search(r"\*\*You will learn\*\* (.*?)(?:\n\n|$)", _opening(path), re.DOTALL)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found[1]) if found else ""
    return " ".join(text.split()).replace("|", "\\|")


def _opening(path: Path) -> str:
    return read_notebook(path).cells[0].source
