"""Files of trained descriptor networks."""

from pathlib import Path

from graspbook.don.config import Don, InferenceConfig, NetworkConfig, Row
from graspbook.don.network import Network, empty_network
from graspbook.nn.model_file import Model, ModelFiles

SAVED_SEEDS = 3
"""Networks of so many trainings of a row are kept for other pages; of the others only what they score."""


DescriptorModel = Model[Network, Row, InferenceConfig]
FILES: ModelFiles[Network, Row, InferenceConfig] = ModelFiles(
    "descriptor_network",
    "a descriptor network",
    {"row": Row, "network": NetworkConfig},
    lambda row, network: empty_network(network, row.dimensions),
    InferenceConfig,
)
load_network = FILES.load


def save_network(network: Network, row: Row, config: NetworkConfig, path: Path) -> None:
    """Write a network with its row and configuration.

    Args:
        network: Trained network.
        row: Row that it was trained for.
        config: Backbone, and source of its weights.
        path: File to write, .safetensors.
    """
    FILES.save(path, network, None, row=row, network=config)


def inference_of(config: Don, root: Path) -> InferenceConfig:
    """What networks are trained with.

    Args:
        config: The paper's parameters.
        root: Folder of the repository; not needed.
    """
    return InferenceConfig(config.scenes.camera.height)
