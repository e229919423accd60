"""Files of trained grasp networks."""

from pathlib import Path

from graspbook.mlgsl.config import InferenceConfig, Mlgsl, NetworkConfig, Row
from graspbook.mlgsl.model import GraspNetwork, build_network
from graspbook.nn.model_file import Model, ModelFiles

GraspModel = Model[GraspNetwork, Row, InferenceConfig]
FILES: ModelFiles[GraspNetwork, Row, InferenceConfig] = ModelFiles(
    "grasp_network",
    "a grasp network",
    {"row": Row, "network": NetworkConfig},
    lambda row, network: build_network(network, 0, row.attention, row.architecture),
    InferenceConfig,
)
load_network = FILES.load


def save_network(network: GraspNetwork, row: Row, config: NetworkConfig, path: Path) -> None:
    """Write a network with its row and configuration.

    Args:
        network: The trained network.
        row: The row of the table that it was trained for.
        config: The sizes that the network was built with.
        path: The safetensors file to write.
    """
    FILES.save(path, network, None, row=row, network=config)


def inference_of(config: Mlgsl, root: Path) -> InferenceConfig:
    """What networks are trained with, and how their maps are read.

    Args:
        config: The paper's parameters.
        root: Folder of the repository; not needed.
    """
    return InferenceConfig(config.world.camera.size, "m", config.metrics.blur, config.metrics.apart)
