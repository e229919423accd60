"""Links between notebooks: written by their source names, they must work where the executed notebooks lie."""

import os
import re
from pathlib import Path

import nbformat

from graspbook.pipeline.stages import notebook_stages

_LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")


def link_to_executed(
    notebook: nbformat.NotebookNode, source: Path, executed: Path, root: Path
) -> nbformat.NotebookNode:
    """Turn the relative links in a notebook's prose into ones that work from its executed copy.

    A link to a notebook leads to its executed copy, or, where there are several, to the folder that holds them. Any
    other relative link leads to the same file as before.

    Args:
        notebook: The notebook, changed in place.
        source: The path of the source notebook, relative to `root`.
        executed: The path of its executed copy, relative to `root`.
        root: The repository.

    Returns:
        The same notebook.
    """
    places = executed_places(root)

    def moved(match: re.Match[str]) -> str:
        target = match[2]
        if re.match(r"[a-z]+:|/", target):
            return match[0]
        place = Path(os.path.normpath(source.parent / target))
        place = places.get(place, place)
        return f"{match[1]}{Path(os.path.relpath(place, executed.parent)).as_posix()}{match[3]}"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(moved, cell.source)
    return notebook


def executed_places(root: Path) -> dict[Path, Path]:
    """For each source notebook that a stage runs: its executed copy, or the folder of its executed copies.

    Args:
        root: The repository.
    """
    places = {}
    for stage in notebook_stages(root):
        one = stage.folder == stage.reports
        places[stage.notebook] = stage.folder / "notebook.ipynb" if one else stage.folder
    return places
