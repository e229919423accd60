"""Files of trained networks for classes and instances."""

from dataclasses import replace
from pathlib import Path

from graspbook.joint.choice import read_chosen
from graspbook.joint.config import InferenceConfig, Joint
from graspbook.joint.network import JointNetwork, build_network
from graspbook.joint.training_config import NetworkConfig, Row
from graspbook.nn.model_file import Model, ModelFiles

CHOSEN = Path("reports/joint/results/chosen.json")
"""Clustering settings that are chosen on validation pictures (§III-B)."""


def _build(row: Row, network: NetworkConfig) -> JointNetwork:
    anew = replace(network, mobilenet_weights="random", mobilenet_location=None, darknet_location=None)
    return build_network(row, anew, 0)


JointModel = Model[JointNetwork, Row, InferenceConfig]
FILES: ModelFiles[JointNetwork, Row, InferenceConfig] = ModelFiles(
    "joint_network",
    "a network of the paper 'joint'",
    {"row": Row, "network": NetworkConfig},
    _build,
    InferenceConfig,
)
load_network = FILES.load


def save_network(network: JointNetwork, row: Row, config: NetworkConfig, path: Path) -> None:
    """Write a network with its row and configuration.

    Args:
        network: Trained network.
        row: Row that it was trained for.
        config: Settings of its encoder and decoders.
        path: File to write, .safetensors.
    """
    FILES.save(path, network, None, row=row, network=config)


def inference_of(config: Joint, root: Path) -> InferenceConfig:
    """What networks are trained with, and how their outputs become instances.

    Args:
        config: The paper's parameters.
        root: Folder of the repository, whose reports may hold chosen clustering settings; else those of `config` count.
    """
    chosen = dict.fromkeys(("centres", "all-to-all"), config.clustering)
    if (root / CHOSEN).is_file():
        chosen |= read_chosen(root / CHOSEN)
    return InferenceConfig(config.world.height, config.world.width, config.superpixels.compactness, chosen)
