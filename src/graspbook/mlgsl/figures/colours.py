"""Colours of the `mlgsl` paper: each means one thing on all of its pages."""

from matplotlib.colors import to_rgb

from graspbook.reporting.plotting import PALETTE, RIGHT_COLOUR, Colour
from graspbook.world.grippers.jaw.execute import GraspOutcome

LOSS_COLOURS: dict[str, Colour] = {
    "MLGSL": PALETTE[0],
    "ImgMSE": PALETTE[1],
    "MLGSL+Log": PALETTE[2],
    "PixMSE": PALETTE[4],
    "chance": PALETTE[7],
}
"""Of the four losses, and of guessing."""

END_COLOURS: dict[str, Colour] = {
    GraspOutcome.SUCCESS.value: RIGHT_COLOUR,
    GraspOutcome.COLLISION.value: to_rgb("#67001f"),
    GraspOutcome.NOTHING_HELD.value: to_rgb("#cf5548"),
    GraspOutcome.SLIPPED.value: to_rgb("#ee9580"),
    GraspOutcome.DROPPED.value: to_rgb("#f6c9bd"),
    GraspOutcome.TWO_HELD.value: to_rgb("#7b9fc4"),
}
"""How grasps end: one light green, failures from dark to light, and two objects at once in blue."""

LABEL_COLOUR: Colour = to_rgb("#e61a1a")
"""Labels, as in Figure 3 of the paper."""
GRASP_COLOUR: Colour = to_rgb("#00d0e0")
"""Predicted grasps."""
BEST_COLOUR: Colour = (1.0, 1.0, 1.0)
"""The best one of them."""
