"""A trained network on disk: one safetensors file with what builds it again."""

import dataclasses
from pathlib import Path

from graspbook.joint.network import JointNetwork, build_network
from graspbook.joint.training_config import NetworkConfig, Row
from graspbook.nn.weight_file import load_weights, save_weights

FORM = "joint_network"


@dataclasses.dataclass(frozen=True)
class Saved:
    """A network, and the row that it was trained for.

    Attributes:
        network: Network with its weights.
        row: Row that it was trained for.
    """

    network: JointNetwork
    row: Row


def save_network(network: JointNetwork, row: Row, config: NetworkConfig, path: Path) -> None:
    """Write a network with its row and configuration.

    Args:
        network: Trained network.
        row: Row that it was trained for.
        config: Settings of its encoder and decoders.
        path: File to write, .safetensors.
    """
    save_weights(network, path, FORM, {"row": dataclasses.asdict(row), "network": dataclasses.asdict(config)})


def load_network(path: Path) -> Saved:
    """Read a network that `save_network` wrote; on the CPU, in evaluation mode.

    Args:
        path: File that `save_network` wrote.

    Raises:
        InputError: The file is missing, or holds something else.
    """
    rows = []

    def build(about: dict) -> JointNetwork:
        rows.append(Row(**about["row"]))
        anew = {"mobilenet_weights": "random", "mobilenet_location": None, "darknet_location": None}
        config = NetworkConfig(**(about["network"] | anew | {"widths": tuple(about["network"]["widths"])}))
        return build_network(rows[0], config, 0)

    network = load_weights(Path(path), FORM, "a network of the paper 'joint'", build)
    return Saved(network, rows[0])
