"""Files of trained models, plain and latent."""

from pathlib import Path

from graspbook.instances.config import MaskRCNNSettings
from graspbook.latent.config import InferenceConfig, Latent, LatentSettings
from graspbook.latent.model import LatentMaskRCNN
from graspbook.nn.model_file import Model, ModelFiles

LatentModel = Model[LatentMaskRCNN, None, InferenceConfig]
FILES: ModelFiles[LatentMaskRCNN, None, InferenceConfig] = ModelFiles(
    "latent_mask_rcnn",
    "a Mask R-CNN with or without a latent code",
    {"mask_rcnn": MaskRCNNSettings, "latent": LatentSettings | None, "classes": int},
    lambda mask_rcnn, latent, classes: LatentMaskRCNN(mask_rcnn, latent, classes),
    InferenceConfig,
)
load_network = FILES.load


def save_network(model: LatentMaskRCNN, path: Path) -> None:
    """Write a model, plain or latent, with its settings.

    Args:
        model: Trained model.
        path: File to write, .safetensors.
    """
    FILES.save(path, model, None, mask_rcnn=model.config, latent=model.latent, classes=model.classes)


def inference_of(config: Latent, root: Path) -> InferenceConfig:
    """What models are trained with, and how predictions are made.

    Args:
        config: The paper's parameters.
        root: Folder of the repository; not needed.
    """
    return InferenceConfig(config.apparel.totes.height, config.predict)
