"""Colours of the `selfsup` paper: each means one thing on all of its pages, beside those of `reporting.plotting`.

A method has the colour of its family: filtered or not, trained robustly or not, from 300 grasps or 3000. Families that
are the same idea in two tables share one: what is cut out by image subtraction, what the grasps have taught.
"""

from matplotlib.colors import to_rgb

from graspbook.reporting.plotting import PALETTE, Colour

_SUBTRACTION, _GRASPS = to_rgb("#e61a99"), PALETTE[0]

METHOD_COLOURS: dict[str, Colour] = {
    # Table I: grasp segmentation
    "Subtract": _SUBTRACTION,
    "MOG": PALETTE[1],
    "MOG2": PALETTE[5],
    "LSBP": PALETTE[4],
    "Grasp-100-NoAug": PALETTE[9],
    "Grasp-100": _GRASPS,
    "Grasp-200": to_rgb("#0b2a6b"),
    # Tables II and III, and the robot that keeps learning: instance segmentation
    "Mask2Former": PALETTE[7],
    "Labels alone": PALETTE[7],
    "Single-Object": to_rgb("#808000"),
    "Paste-Subtract": _SUBTRACTION,
    "Paste-Train": to_rgb("#7a3fb8"),
    "Paste-Grasp": _GRASPS,
    "Own grasps": _GRASPS,
    "Paste-Grasp-Inpaint": to_rgb("#00a6b8"),
    "Mask-RCNN": to_rgb("#5c3317"),
    "True masks": to_rgb("#262626"),
}
"""Colour of each family of methods; see `method_colour`."""

KIND_COLOURS: dict[str, Colour] = {
    # the paper's three first in every bar, from dark to light: what the model saw wrongly
    "non-object": to_rgb("#67001f"),
    "object split": to_rgb("#cf5548"),
    "two grouped": to_rgb("#ee9580"),
    "nothing found": to_rgb("#f6c9bd"),
    # and what else went wrong
    "too small for a cup": to_rgb("#c3d8ea"),
    "collision": to_rgb("#7b9fc4"),
    "lost seal": to_rgb("#3d5a80"),
}
"""Colour of each kind of failed pick, in the order of the bars."""

CHOSEN_COLOUR: Colour = (0.0, 0.9, 1.0)
"""The outline of the mask that a robot has chosen."""

MASK_COLOURS = tuple(colour for colour in PALETTE if colour != PALETTE[7])
"""Masks side by side, in turn: here colours only tell neighbours apart. No grey, it would not show on a grey bin."""


def method_colour(method: str) -> Colour:
    """The colour of a method: that of the longest family name that it is, or begins with.

    Raises:
        KeyError: the method belongs to no family in `METHOD_COLOURS`; give it one there.
    """
    families = [family for family in METHOD_COLOURS if f"{method}-".startswith((f"{family}-", f"{family},"))]
    if not families:
        raise KeyError(method)
    return METHOD_COLOURS[max(families, key=len)]


def method_style(method: str) -> dict[str, object]:
    """Line style of a method: its colour; filtered solid with dots, unfiltered dashed with crosses."""
    filtered = method.endswith("-Filter")
    return {
        "color": method_colour(method),
        "linestyle": "-" if filtered else "--",
        "marker": "o" if filtered else "x",
    }
