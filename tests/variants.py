"""Other values of settings, one field at a time: what a name covers, and what it does not, is asked of every field."""

import dataclasses
import types
import typing


def variants(config, *without):
    """For each field that can have another value its name, and the configuration with that value.

    Args:
        config: The configuration, a dataclass.
        without: The fields that are left as they are.
    """
    hints = typing.get_type_hints(type(config))
    for field in dataclasses.fields(config):
        for value in _others(getattr(config, field.name), hints[field.name]) if field.name not in without else ():
            try:
                yield field.name, dataclasses.replace(config, **{field.name: value})
                break
            except ValueError:
                continue


def _others(value, hint):
    kinds = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    named = [name for kind in kinds if typing.get_origin(kind) is typing.Literal for name in typing.get_args(kind)]
    if named:
        return [name for name in named if name != value]
    if value is None:
        return [True] if bool in kinds else [1, 0.5]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, max(2 * value, 2)]
    if isinstance(value, float):
        return [value / 2 + 0.0123, value + 0.01, value * 2]
    if isinstance(value, tuple):
        return [(other, *value[1:]) for first in value[:1] for other in _others(first, type(first))]
    if dataclasses.is_dataclass(value):
        return [changed for _, changed in variants(value)][:1]
    return []
