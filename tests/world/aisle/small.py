"""A tiny aisle for tests."""

import dataclasses

from graspbook.world.aisle.config import AisleConfig

CONFIG = AisleConfig(
    width=64,
    height=32,
    samples=1,
    frames=2,
    step=2.0,
    min_things=5,
    max_things=6,
    row_share=0.5,
    min_row=2,
    max_row=3,
    noise=0.01,
)


def small(**changes) -> AisleConfig:
    """The tiny aisle with changes."""
    return dataclasses.replace(CONFIG, **changes)
