"""An executed notebook without what differs from run to run or from machine to machine, its pictures compressed."""

import base64
import re
import sys
from pathlib import Path
from typing import Any

import nbformat

from graspbook.reporting.pictures import compress_picture

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,16}")
_STYLER_ID = re.compile(r"\bT_([0-9a-f]{5})(?=\b|_)")
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def clean_notebook(notebook: nbformat.NotebookNode, root: Path) -> nbformat.NotebookNode:
    """The executed notebook without anything that differs from run to run or from machine to machine.

    Args:
        notebook: The notebook as papermill leaves it; changed in place.
        root: The folder whose absolute path is replaced by "." in outputs.
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = _clean_outputs(cell.outputs, str(root.resolve()))
    return notebook


def _clean_outputs(outputs: list[Any], root: str) -> list[Any]:
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            output.text = _scrub(output.text, root)
            # Where a stream is cut into messages depends on timing.
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
                continue
        elif "data" in output:
            if _WIDGET_VIEW in output.data:
                continue
            output.metadata = nbformat.from_dict({})
            for kind, content in output.data.items():
                if kind.startswith("text/"):
                    output.data[kind] = _scrub(content, root)
            if "text/html" in output.data:
                output.data["text/html"] = _number_styler_ids(output.data["text/html"])
            if "image/png" in output.data:
                kind, picture = compress_picture(base64.b64decode(output.data.pop("image/png")))
                output.data[kind] = base64.b64encode(picture).decode()
        kept.append(output)
    return kept


def _scrub(text: str, root: str) -> str:
    text = _ADDRESS.sub("at 0x…", text)
    for path, shown in ((root, "."), (sys.prefix, "<environment>"), (str(Path.home()), "~")):
        if len(path) > 1:
            text = re.sub(re.escape(path) + r"(?![\w.-])", shown, text)
    return text


def _number_styler_ids(html: str) -> str:
    """Pandas draws a random id for every styled table; number them instead."""
    numbers: dict[str, str] = {}
    return _STYLER_ID.sub(lambda match: f"T_{numbers.setdefault(match[1], f'{len(numbers):05d}')}", html)
