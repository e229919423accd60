"""Configuration as dataclasses: what code takes is what `params/` says, checked once, without a second default.

A configuration is a frozen dataclass whose fields name their constraints. It is checked against them where a
parameter file is read (`graspbook.pipeline.params`), so nothing here imports pydantic; what concerns several fields
at once is checked wherever a configuration is made, in its `__post_init__`.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, dataclass_transform

from annotated_types import Ge, Gt, Interval

from graspbook.core.errors import InputError

T = TypeVar("T")

Count = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
Seed = Annotated[int, Interval(ge=0, lt=2**63)]
"""What NumPy and PyTorch both take."""
LearningRate = Annotated[float, Interval(gt=0, le=1)]
"""Of Adam and its kin, whose steps are as long as their rate: above 1 nothing is learned."""
Replicates = Annotated[int, Ge(20)]
"""Of a bootstrap: a 95 % interval cuts one in forty off at each end."""
Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Fraction = Annotated[float, Interval(ge=0, le=1)]
Precision = Literal["float32", "bfloat16"]
"""Of arithmetic in training: "bfloat16" is automatic mixed precision."""


def check_seed(seed: object, name: str = "seed") -> None:
    """Check that a seed is a whole number that every generator takes (`Seed`).

    Args:
        seed: The seed.
        name: The name of the seed, with which the error message begins.

    Raises:
        InputError: The seed is no whole number from 0 to 2**63 - 1.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise InputError(f"{name}: expected a whole number from 0 to 2**63 - 1, got {seed!r}")


@dataclass_transform(frozen_default=True)
def configuration(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass that takes no unknown key, no value of another type and no infinity from a file.

    Its fields have no defaults: the one value of each stands in `params/`.
    """
    cls.__pydantic_config__ = {"strict": True, "extra": "forbid", "allow_inf_nan": False}
    return dataclass(frozen=True)(cls)
