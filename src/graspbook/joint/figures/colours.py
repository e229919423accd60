"""Colours of the `joint` paper: each means one thing on all of its pages."""

from graspbook.reporting.plotting import PALETTE, Colour
from graspbook.world.aisle.classes import THINGS

BACKGROUND_COLOUR: Colour = (0.16, 0.16, 0.18)
"""What is no thing."""

CLASS_COLOURS: dict[str, Colour] = dict(
    zip((thing.name for thing in THINGS), (PALETTE[k] for k in (3, 8, 0, 1, 5, 2, 4, 9)), strict=True)
)
"""Of the eight things, by their name in an aisle."""

METHOD_COLOURS: dict[str, Colour] = {
    "superpixels": PALETTE[0],
    "square cells": PALETTE[7],
    "bilinear": PALETTE[1],
    "nearest": PALETTE[7],
}
"""Of ways to bring a grid back to pixels."""

LOSS_COLOURS: dict[str, Colour] = {"as printed": PALETTE[3], "alpha on the background": PALETTE[2]}
"""Of the two readings of equation (5)."""

CLUSTER_COLOURS: dict[str, Colour] = {"centres": PALETTE[2], "all-to-all": PALETTE[4], "components": PALETTE[5]}
"""Of ways from elements to instances."""

EDGE_COLOUR: Colour = (1.0, 0.9, 0.1)
"""Borders of superpixels."""
