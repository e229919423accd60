"""Sections of `params/selfsup.yaml` about controls in the cell of `world`, of pages that came later than `config`.

They are apart so that no earlier page hangs on them.
"""

from typing import Annotated

from annotated_types import MinLen

from graspbook.core.configuration import Count, Fraction, Natural, Replicates, Seed, configuration
from graspbook.selfsup.picking.config import Bins


@configuration
class SingleShareConfig:
    """Row Single-Object-100 with other shares of single-object images (ours; tests an explanation of Table II).

    Attributes:
        singles: of the images of a batch, for each training.
        grasps: unlabelled grasps that the single objects come from, the first ones.
        replicates: of the bootstrap.
    """

    singles: Annotated[tuple[Count, ...], MinLen(1)]
    grasps: Count
    replicates: Count


@configuration
class RepeatsConfig:
    """Why rows with pasting hand in an object twice (ours; tests an explanation of Table II).

    Attributes:
        pasted: a row of section `rows` with pasting, that is trained again.
        alone: a row of Mask2Former without pasting, that is trained again.
        max_objects: objects pasted at most, for each training in place of `pasting.max_objects`.
        steps: for each training of the two rows in place of `segment.steps`.
        models: rows whose weights are kept, for the look at fuller test images.
        added: objects that are pasted on the test images, for each look.
        images: test images that they look at, spread over the set.
        replicates: of the bootstrap.
    """

    pasted: str
    alone: str
    max_objects: tuple[Count, ...]
    steps: tuple[Count, ...]
    models: Annotated[tuple[str, ...], MinLen(1)]
    added: Annotated[tuple[Natural, ...], MinLen(1)]
    images: Count
    replicates: Count


@configuration
class LuckConfig:
    """Rows of Table II, trained again with other seeds (ours): how much of a difference is luck.

    Attributes:
        seeds: beside that of `segment`.
        rows: trained again, by their names in section `rows`: Mask2Formers without `single`.
        replicates: of the bootstrap over bins and trainings.
    """

    seeds: Annotated[tuple[Seed, ...], MinLen(1)]
    rows: Annotated[tuple[str, ...], MinLen(1)]
    replicates: Count


@configuration
class ConvergedConfig:
    """Grasp segmentation trained to the end, without early stopping (ours): is the model confidently wrong then?

    Attributes:
        steps: lengths of training, rising; one of them that of section `train`, as in Table I.
        seeds: of further trainings of the shortest length, beside that of section `train`.
    """

    steps: Annotated[tuple[Count, ...], MinLen(1)]
    seeds: Annotated[tuple[Seed, ...], MinLen(1)]


@configuration
class AgainConfig:
    """The loop of section `continual`, run once more (ours).

    Attributes:
        seed: another than that of `continual`.
    """

    seed: Seed


@configuration
class KnownApartConfig:
    """How much AP on known objects owes to bins that training images show as well (ours; checks our method).

    Attributes:
        seed: of the grasps, and of the bootstrap.
        n_images: labelled images of known objects in bins of their own: successful grasps.
        rows: of section `rows`, with keep_weights.
        replicates: of the bootstrap.
    """

    seed: Seed
    n_images: Count
    rows: Annotated[tuple[str, ...], MinLen(1)]
    replicates: Count


@configuration
class MirrorsConfig:
    """The robots of Table III among walls that mirror (ours; tests an explanation of that table).

    Attributes:
        levels: settings of `wall_reflectance`, rising, at which models look at bins; `strong` is one of them.
        bins: looked at, the first ones of section `pick`.
        looks: pictures of each, from one grasp to the next.
        strong: the setting at which robots pick.
        robots: those that pick, by their names in section `grasp_errors`.
        replicates: of the bootstrap.
    """

    levels: Annotated[tuple[Fraction, ...], MinLen(2)]
    bins: Bins
    looks: Count
    strong: Fraction
    robots: Annotated[tuple[str, ...], MinLen(1)]
    replicates: Replicates

    def __post_init__(self) -> None:
        if list(self.levels) != sorted(set(self.levels)) or self.strong not in self.levels:
            raise ValueError(
                f"levels: expected rising numbers with strong, {self.strong}, among them, "
                f"got {', '.join(map(str, self.levels))}"
            )
