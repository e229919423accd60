"""A trained grasp network on disk: one safetensors file with what builds it again."""

import dataclasses
from pathlib import Path

from graspbook.mlgsl.config import NetworkConfig, Row
from graspbook.mlgsl.model import GraspNetwork, build_network
from graspbook.nn.weight_file import load_weights, save_weights

FORM = "grasp_network"


@dataclasses.dataclass(frozen=True)
class Trained:
    """A network, and the row that it was trained for.

    Attributes:
        network: The trained network.
        row: The row of the table that it was trained for.
    """

    network: GraspNetwork
    row: Row


def save_network(network: GraspNetwork, row: Row, config: NetworkConfig, path: Path) -> None:
    """Write a network with its row and configuration.

    Args:
        network: The trained network.
        row: The row of the table that it was trained for.
        config: The sizes that the network was built with.
        path: The safetensors file to write.
    """
    save_weights(network, path, FORM, {"row": dataclasses.asdict(row), "network": dataclasses.asdict(config)})


def load_network(path: Path) -> Trained:
    """Read a network that `save_network` wrote; on the CPU, in evaluation mode.

    Args:
        path: The file that `save_network` wrote.

    Raises:
        InputError: The file is missing, or holds something else.
    """
    rows = []

    def build(about: dict) -> GraspNetwork:
        row = Row(**about["row"])
        rows.append(row)
        config = NetworkConfig(**(about["network"] | {"pool_after": tuple(about["network"]["pool_after"])}))
        return build_network(config, 0, row.attention, row.architecture)

    network = load_weights(Path(path), FORM, "a grasp network", build)
    return Trained(network, rows[0])
