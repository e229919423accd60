"""The parameter cells of an executed notebook, brought together in one: what was declared, with the values in effect.

Papermill leaves two cells: the one that declares the parameters, with comments, and the one that it injected, with
the values of the run. A reader wants one: names and comments of the first, values of the second.
"""

import ast
import json
from pprint import pformat

import nbformat

from graspbook.core.errors import InputError
from graspbook.pipeline.run_notebook import PARAMETERS_TAG

INJECTED_TAG = "injected-parameters"
WIDTH = 96
"""Characters of a line of the cell."""


def join_parameters(cells: list[nbformat.NotebookNode], name: str) -> list[nbformat.NotebookNode]:
    """The cells with one parameter cell, which holds the values of the run.

    Args:
        cells: The cells of an executed notebook.
        name: The name of the file, for the error message.

    Raises:
        InputError: A cell of parameters holds anything but assignments of plain values.
    """
    injected = {key: value for cell in _tagged(cells, INJECTED_TAG) for key, value in _assigned(cell, name).items()}
    kept = []
    for cell in cells:
        if INJECTED_TAG in cell.metadata.get("tags", []):
            continue
        if PARAMETERS_TAG in cell.metadata.get("tags", []):
            cell.source = _with_values(cell, injected, name)
        kept.append(cell)
    return kept


def is_parameters(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell holds the parameters of a page."""
    return PARAMETERS_TAG in cell.metadata.get("tags", [])


def _tagged(cells: list[nbformat.NotebookNode], tag: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in cells if tag in cell.metadata.get("tags", [])]


def _assigned(cell: nbformat.NotebookNode, name: str) -> dict[str, object]:
    return {key: value for key, value, _ in _lines(cell, name)}


def _with_values(cell: nbformat.NotebookNode, injected: dict[str, object], name: str) -> str:
    lines = []
    for key, value, comment in _lines(cell, name):
        in_effect = injected.get(key, value)
        text = (
            json.dumps(in_effect) if isinstance(in_effect, str) else pformat(in_effect, width=WIDTH, sort_dicts=False)
        )
        first, *rest = f"{key} = {text}".splitlines()
        hanging = " " * len(f"{key} = ")
        lines += [f"{comment}"] if comment else []
        lines += [first, *(hanging + line.removeprefix(hanging) for line in rest)]
    return "\n".join(lines)


def _lines(cell: nbformat.NotebookNode, name: str) -> list[tuple[str, object, str]]:
    """Name, value and comment of each assignment in a cell."""
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError as error:
        raise InputError(f"{name}: line {error.lineno} of a parameter cell is not Python: {error.msg}") from None
    source, found = cell.source.splitlines(), []
    for statement in statements:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            raise InputError(f"{name}: line {statement.lineno} of a parameter cell is not an assignment to a name")
        try:
            value = ast.literal_eval(statement.value)
        except ValueError:
            raise InputError(f"{name}: line {statement.lineno} of a parameter cell is not a plain value") from None
        # columns count bytes
        rest = source[statement.end_lineno - 1].encode()[statement.end_col_offset :].decode().strip()
        found.append((statement.targets[0].id, value, rest if rest.startswith("#") else ""))
    return found
