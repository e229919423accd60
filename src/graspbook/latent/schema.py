"""All sections of `params/latent.yaml`: those of `config`, and those of the two more data sets.

They are apart so that no training on `apparel` hangs on what the other sets are made of.
"""

from graspbook.core.configuration import configuration
from graspbook.latent import config
from graspbook.latent.sets.config import AisleSetConfig, ObjectsConfig, SetConfig, SetsConfig
from graspbook.training.families import named_rows


@configuration
class Latent(config.Latent):
    """One field for each section of `params/latent.yaml`.

    Attributes:
        objects: Data set that stands for COCO (§V-A).
        aisle: Data set that stands for Cityscapes (§V-A).
        apparel_5k: The paper's own data set, for rows of `sets` whose data are "apparel"; real or absent, never
            simulated.
        sets: Trainings on these data sets.

    Raises:
        ValueError: Rows and data sets contradict each other.
    """

    objects: ObjectsConfig
    aisle: AisleSetConfig
    apparel_5k: SetConfig
    sets: SetsConfig

    def __post_init__(self) -> None:
        super().__post_init__()
        data = {"objects": self.objects, "aisle": self.aisle, "apparel": self.apparel_5k}
        others = {name for rows in self.trainings.values() for name in rows}
        for where, row in named_rows(self.sets.trainings):
            if where.rpartition(".")[2] in others:
                raise ValueError(f"sets.{where}: another family has a row of this name")
            calibrated = self.train.calibrate if row.calibrate is None else row.calibrate
            if calibrated > data[row.data].n_train:
                raise ValueError(f"sets.{where}: calibrated on {calibrated} images, but {row.data} has fewer")
            if row.data == "apparel" and self.apparel_5k.real is None:
                raise ValueError(f"sets.{where}.data: 'apparel' is trained here on a real set; give apparel_5k.real")
