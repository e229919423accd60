"""The parameters in `params/`, checked against the papers' configurations, and the profiles that override them.

`params/<slug>.yaml` holds the sections of a paper at the profile `standard`; their schema is the dataclass in
`graspbook.<slug>.config`. `params/book.yaml` holds the name of the profile, and `params/shared.yaml` the blocks that
several papers take: where a section says `{shared: mask_rcnn}`, it stands for that block, with whatever keys the
section gives beside it in place of the block's own. The other profiles are overlays in `profiles/`: only what differs.

Everything is checked once, at the start, so that a misspelt key or a wrong type is refused before any work is done;
values are taken as they stand, never converted (`"5"` is not 5). A stage checks its own paper alone: what is being
changed in another one does not stop it.
"""

import copy
import importlib
import json
from dataclasses import asdict, dataclass, make_dataclass
from pathlib import Path
from typing import Any, Literal, get_type_hints

from pydantic import TypeAdapter, ValidationError

import graspbook
from graspbook.core.configuration import configuration
from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml

PARAMS = Path("params")
BOOK = "book"
"""The name of the file in it that belongs to no paper."""
PROFILES = ("smoke", "quick", "deep", "standard", "paper")


@dataclass(frozen=True)
class Params:
    """Checked parameters; the paper `selfsup` is the attribute `selfsup`, of type `graspbook.selfsup.schema.Selfsup`.

    Attributes:
        profile: The name of the profile: `smoke`, `quick`, `deep`, `standard` or `paper`.
        values: All parameters as they stood in the file: mappings, lists, numbers and text.
        papers: The configuration of each paper, by its slug.
    """

    profile: str
    values: dict[str, Any]
    papers: dict[str, Any]

    def __getattr__(self, slug: str) -> Any:
        try:
            return self.__dict__["papers"][slug]
        except KeyError:
            raise AttributeError(f"no paper '{slug}' among the parameters") from None


def merge(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `override` in place of its own, mapping by mapping; neither is changed.

    Where a mapping of `override` has the key `only`, no other keys of `base` are kept than those listed there: so a
    profile runs some rows of a table.

    Args:
        base: The nested mapping to begin with.
        override: The nested mapping whose values go first.

    Raises:
        InputError: `only` is no list of keys, or names one that `base` does not have.
    """
    kept = override.get("only", list(base))
    if not isinstance(kept, list) or not all(isinstance(key, str) for key in kept):
        raise InputError(f"only: expected a list of keys of {', '.join(map(str, base))}, found {kept!r}")
    if unknown := [key for key in kept if key not in base]:
        raise InputError(f"only: no '{unknown[0]}' among {', '.join(map(str, base))}")
    merged = {key: value for key, value in base.items() if key in kept}
    for key, value in override.items():
        if key == "only":
            continue
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            value = merge(base[key], value)
        merged[key] = value
    return merged


def profile_values(root: Path, profile: str | None = None) -> dict[str, Any]:
    """The nested mapping of a profile, unchecked: `profile`, and the sections of each paper under its slug.

    Args:
        root: The repository, or the workspace of a profile.
        profile: The name of the profile whose overlay is merged over `params/`; None for the one that is there.

    Raises:
        InputError: There is no such profile, or a file cannot be read or names a shared block that there is not.
    """
    values = {path.stem: read_yaml(path) for path in sorted((root / PARAMS).glob("*.yaml")) if path.stem != BOOK}
    own = read_yaml(root / PARAMS / f"{BOOK}.yaml").get("profile")
    profile = profile or own
    if profile not in PROFILES:
        raise InputError(f"unknown profile '{profile}': expected one of {', '.join(PROFILES)}")
    if profile != own:
        if own != "standard":
            raise InputError(f"{root / PARAMS}: the profile is '{own}', and overlays are made for 'standard'")
        overlay = root / "profiles" / f"{profile}.yaml"
        override = read_yaml(overlay)
        try:
            values = merge(values, override)
        except InputError as error:
            raise InputError(f"{overlay}: {error}") from None
    blocks = values.pop("shared", {})
    try:
        return {"profile": profile} | with_shared(values, blocks)
    except RecursionError:
        raise InputError(f"{root / PARAMS / 'shared.yaml'}: a block contains itself") from None


def with_shared(values: Any, blocks: dict[str, Any]) -> Any:
    """Values in which every mapping with the key `shared` is the block that it names, with its other keys merged in.

    Args:
        values: A nested mapping, or whatever stands in one.
        blocks: The shared blocks by their names.

    Raises:
        InputError: There is no such block.
    """
    if not isinstance(values, dict):
        return values
    if "shared" in values:
        block = blocks.get(str(values["shared"]))
        if not isinstance(block, dict):
            raise InputError(f"params/shared.yaml: no block '{values['shared']}' among {', '.join(map(str, blocks))}")
        values = merge(copy.deepcopy(block), {key: value for key, value in values.items() if key != "shared"})
    return {key: with_shared(value, blocks) for key, value in values.items()}


def load_params(root: Path = Path("."), profile: str | None = None, only: str | None = None) -> Params:
    """Read and check the parameters of a profile.

    Args:
        root: The repository, or the workspace of a profile.
        profile: The name of the profile; None for the one that is there.
        only: The short name of the one paper to check and return; "" for none, None for all.

    Raises:
        InputError: The parameters are faulty; the message names the folder, the key and what was expected there.
    """
    values = profile_values(root, profile)
    overlay = "" if profile in (None, "standard") else f" with profiles/{profile}.yaml"
    return validate(values, f"{root / PARAMS}{overlay}", only)


def validate(values: dict[str, Any], source: str, only: str | None = None) -> Params:
    """All parameters, checked.

    Args:
        values: The nested mapping: `profile`, and the sections of each paper under its slug.
        source: The name of the file, for the error message.
        only: The short name of the one paper to check, as `load_params` has it.

    Raises:
        InputError: The parameters are faulty; the message names `source`, the key and what was expected there.
    """
    slugs = list(values)
    if only is not None:
        slugs = [only] if only else []
        values = {key: value for key, value in values.items() if key in ("profile", only)}
    papers = {slug: schema for slug in slugs if (schema := paper_schema(slug)) is not None}
    checked = _check({"profile": Literal[PROFILES], **papers}, values, source)
    return Params(checked.profile, values, {slug: getattr(checked, slug) for slug in papers})


def read_sections(slug: str, values: dict[str, Any], source: str = "params") -> Any:
    """Some sections of a paper's parameters, each checked for itself.

    Args:
        slug: The paper's short name.
        values: The values of each section by its name, as plain mappings and lists.
        source: The name of the file, for the error message.

    Returns:
        A frozen dataclass whose attributes are the sections given, as typed configurations.

    Raises:
        InputError: There is no such paper, or a section is faulty; the message names the key and what was expected
            there.
    """
    schema = paper_schema(slug)
    if schema is None:
        raise InputError(f"no paper '{slug}' with parameters: graspbook.{slug}.config is missing")
    known = get_type_hints(schema, include_extras=True)
    return _check({name: kind for name, kind in known.items() if name in values}, values, source, slug)


def paper_schema(slug: str) -> type | None:
    """The dataclass of a paper's parameters, `graspbook.<slug>.config.<Slug>`; None if there is no such paper.

    A paper may have another one, in `graspbook.<slug>.schema`, that adds sections which not all of its code hangs on.

    Args:
        slug: The paper's short name.
    """
    for module in ("schema", "config"):
        if any((Path(folder) / str(slug) / f"{module}.py").is_file() for folder in graspbook.__path__):
            found = getattr(importlib.import_module(f"graspbook.{slug}.{module}"), str(slug).capitalize(), None)
            if found is not None:
                return found
    return None


def _check(fields: dict[str, Any], values: dict[str, Any], source: str, *where: str) -> Any:
    """`values` as a dataclass of these fields; `where` leads to them in the file."""
    schema = configuration(make_dataclass("Checked", fields.items()))
    try:
        _refuse_keys_that_are_no_text(values, source, *where)
        return _validate(schema, values)
    except ValidationError as error:
        complaints = [_complaint(detail, where) for detail in error.errors()]
        raise InputError(f"{source}: " + "; ".join(complaints)) from None
    except RecursionError:
        raise InputError(f"{source}: a value contains itself, or values are nested too deeply") from None


def check_config(config: Any, source: str) -> None:
    """Check that a configuration made in Python could stand in a file.

    Args:
        config: The configuration.
        source: The name of its origin, with which the error message begins.

    Raises:
        InputError: It could not; the message names the key and what was expected there.
    """
    try:
        _validate(type(config), asdict(config))
    except ValidationError as error:
        raise InputError(f"{source}: " + "; ".join(_complaint(detail, ()) for detail in error.errors())) from None


def _validate(schema: type, values: dict[str, Any]) -> Any:
    # as JSON: then strict types still let a list be a tuple and a mapping a dataclass
    return TypeAdapter(schema).validate_json(json.dumps(values, default=str))


def _refuse_keys_that_are_no_text(values: dict[Any, Any], source: str, *where: str) -> None:
    for key, value in values.items():
        if not isinstance(key, str):
            place = ".".join((*where, str(key)))
            raise InputError(f"{source}: key '{place}': expected text, found {key!r}; put it between quotes")
        if isinstance(value, dict):
            _refuse_keys_that_are_no_text(value, source, *where, key)


def _complaint(detail: Any, where: tuple[str, ...]) -> str:
    key = ".".join(str(part) for part in (*where, *detail["loc"]) if part != "[key]") or "(whole file)"
    match detail["type"]:
        case "unexpected_keyword_argument":
            return f"unknown key '{key}'"
        case "missing":
            return f"key '{key}' is missing"
    message = detail["msg"].removeprefix("Value error, ")
    found = detail["input"]
    if isinstance(found, dict):
        return f"key '{key}': {message}"
    hint = ""
    if isinstance(found, str) and detail["type"] == "float_type":
        # YAML 1.1 reads 5e-6 as text: only a decimal point makes it a number.
        hint = " (write an exponent with a decimal point: 5.0e-6)"
    return f"key '{key}': {message}, found {found!r}{hint}"
