"""The two more data sets, in little."""

import dataclasses

from tests.latent.worlds import STANDARD

OBJECTS = dataclasses.replace(
    STANDARD.objects,
    n_train=3,
    n_validation=2,
    n_test=2,
    world=dataclasses.replace(STANDARD.objects.world, height=48, samples=1, ambiguous=1.0),
    labels=dataclasses.replace(STANDARD.objects.labels, least_pixels=6),
)
AISLE = dataclasses.replace(
    STANDARD.aisle,
    n_train=2,
    n_validation=2,
    n_test=2,
    world=dataclasses.replace(STANDARD.aisle.world, width=72, height=48, samples=1),
    labels=dataclasses.replace(STANDARD.aisle.labels, least_pixels=5, far_pixels=40),
)
