"""All sections of the paper's part of `params.yaml`: those of `config`, and that of the unkind cell.

They are apart so that no page of the default cell hangs on what the other one is made of.
"""

from graspbook.configuration import Positive, configuration
from graspbook.selfsup import config
from graspbook.world.config import Dials


@configuration
class Thresholds:
    """One threshold of each classical method, in the units of `BaselinesConfig`."""

    subtract: Positive
    mog: Positive
    mog2: Positive
    lsbp: Positive


@configuration
class UnkindConfig(config.CollectConfig):
    """A cell in which subtraction errs as much as in the paper's (ours; tests an explanation of Table I).

    Attributes:
        dials: of the cell; all else of it is as in `world`.
        thresholds: of the classical methods, fixed.
    """

    dials: Dials
    thresholds: Thresholds


@configuration
class Selfsup(config.Selfsup):
    """One field for each section of `params.yaml`."""

    unkind: UnkindConfig

    def __post_init__(self) -> None:
        super().__post_init__()
        most = max(model.labels for model in self.models.values()) + self.train.held_out
        if most > self.unkind.n_train:
            raise ValueError(
                f"unkind.n_train is {self.unkind.n_train}, but the largest of the models needs {most} grasps"
            )
