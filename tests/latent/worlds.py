"""The standard settings of the chapter, in little."""

import dataclasses

from tests.conftest import standard

STANDARD = standard("latent")
SMALL_TOTES = dataclasses.replace(
    STANDARD.apparel.totes, height=48, samples=1, min_packs=3, max_packs=4, ambiguous=1.0, films=0.5, least_pixels=6
)
