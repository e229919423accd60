"""Reading YAML whose faults are told by name."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from graspbook.core.errors import InputError

MAX_NODES = 10**6
"""Values in a file, those counted again that an alias repeats: a few lines of aliases can stand for billions."""
MAX_CHARACTERS = 2**22
"""In a file; reading so many takes ten seconds."""
MAX_BITS = 1024
"""Of a whole number: no larger one is a floating-point number, and those of thousands of digits cannot be printed."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, where YAML's own loader would take the last, and what aliases blow up."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _expanded_size(node) > MAX_NODES:
            raise yaml.constructor.ConstructorError(
                problem=f"more than {MAX_NODES} values, with all that aliases repeat"
            )
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = (key_node.tag, key_node.value) if isinstance(key_node, yaml.ScalarNode) else None
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key '{key_node.value}' is given twice, here for the second time",
                    problem_mark=key_node.start_mark,
                )
            if key is not None:
                seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_whole_number(self, node: yaml.ScalarNode) -> int:
        value = self.construct_yaml_int(node)
        if value.bit_length() > MAX_BITS:
            raise yaml.constructor.ConstructorError(
                problem=f"a whole number of more than {MAX_BITS} bits", problem_mark=node.start_mark
            )
        return value


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_whole_number)
_Loader.add_constructor(  # OpenCV's matrices
    "tag:yaml.org,2002:opencv-matrix", lambda loader, node: loader.construct_mapping(node, deep=True)
)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Args:
        path: The YAML file.

    Raises:
        InputError: The file is missing, is not YAML, gives a key twice, or holds something else than a mapping.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise InputError(f"{path}: cannot be read: {error}") from None
    content = parse_yaml(text, str(path))
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a mapping of keys, found {type(content).__name__}")
    return content


def parse_yaml(text: str, source: str) -> Any:
    """The content of a text in YAML.

    Args:
        text: The text.
        source: The name of its file, with which the error message begins.

    Raises:
        InputError: It is not YAML, gives a key twice, or has too many values or too large a number.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{source}: {len(text)} characters, expected at most {MAX_CHARACTERS}")
    try:
        return yaml.load(text, _Loader)
    except yaml.constructor.ConstructorError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InputError(f"{source}: {line}{error.problem}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise InputError(f"{source}: not usable: lists and mappings are nested too deeply") from None
    # no such date, a number of thousands of digits; or what its tag says a value is not
    except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError) as error:
        raise InputError(f"{source}: cannot be read: {error}") from None


def _expanded_size(root: yaml.Node) -> int:
    """Number of values below a node, as often as aliases repeat them; a node that holds itself counts as too many."""
    sizes: dict[int, int] = {}
    open_nodes = [(root, False)]
    while open_nodes:
        node, done = open_nodes.pop()
        children = [] if isinstance(node, yaml.ScalarNode) else node.value
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in children for part in pair]
        if done:
            sizes[id(node)] = 1 + sum(sizes[id(child)] or MAX_NODES + 1 for child in children)
        elif id(node) not in sizes:
            sizes[id(node)] = 0  # not known yet: to meet it again below itself is to be endless
            open_nodes.append((node, True))
            open_nodes += [(child, False) for child in children]
    return sizes[id(root)]
