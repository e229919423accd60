"""Colours of the `don` paper: each means one thing on all of its pages."""

from graspbook.reporting.plotting import PALETTE, Colour

ROW_COLOURS: dict[str, Colour] = {
    "Pixelwise": PALETTE[5],
    "Pixelwise + Cross-Object": PALETTE[4],
    "Pixelwise + Multi-Object + Augmentations": PALETTE[1],
    "NT-Xent + Multi-Object": PALETTE[9],
    "NT-Xent + Multi-Object + Augmentations": PALETTE[0],
    "floor": PALETTE[7],
}
"""Of the rows that figures compare; with augmentations or without where Figure 5 draws both."""
LOSS_COLOURS: dict[str, Colour] = {"nt-xent": PALETTE[0], "pixelwise": PALETTE[1]}
"""Of the two losses."""
MATCH_COLOUR: Colour = (1.0, 1.0, 1.0)
"""Pixels that show the same point."""
FOUND_COLOUR: Colour = PALETTE[9]
"""The nearest descriptor."""
ANSWER_COLOUR: Colour = (0.9, 0.1, 0.1)
"""Where the point really is."""
