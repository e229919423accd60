"""Colours of the `latent` paper: each means one thing on all of its pages."""

from graspbook.reporting.plotting import PALETTE, Colour

METHOD_COLOURS: dict[str, Colour] = {
    "MaskRCNN": PALETTE[3],
    "MaskRCNN, cut": PALETTE[1],
    "MaskRCNN, eroded": PALETTE[5],
    "Latent Union NMS": PALETTE[4],
    "Latent Confidence Mask": PALETTE[0],
    "Latent Prior Mean": PALETTE[9],
    "truth": PALETTE[7],
}
"""Of the answers that figures compare, and of what the coins say."""
