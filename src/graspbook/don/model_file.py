"""A trained descriptor network on disk: one safetensors file with what builds it again."""

import dataclasses
from pathlib import Path

from graspbook.don.config import NetworkConfig, Row
from graspbook.don.network import Network, empty_network
from graspbook.nn.weight_file import load_weights, save_weights

FORM = "descriptor_network"
SAVED_SEEDS = 3
"""Networks of so many trainings of a row are kept for other pages; of the others only what they score."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """A network, and the row that it was trained for.

    Attributes:
        network: Network with its weights.
        row: Row that it was trained for.
    """

    network: Network
    row: Row


def save_network(network: Network, row: Row, config: NetworkConfig, path: Path) -> None:
    """Write a network with its row and configuration.

    Args:
        network: Trained network.
        row: Row that it was trained for.
        config: Backbone, and source of its weights.
        path: File to write, .safetensors.
    """
    save_weights(network, path, FORM, {"row": dataclasses.asdict(row), "network": dataclasses.asdict(config)})


def load_network(path: Path) -> Trained:
    """Read a network that `save_network` wrote; on the CPU, in evaluation mode.

    Args:
        path: File that `save_network` wrote.

    Raises:
        InputError: The file is missing, or holds something else.
    """
    rows: list[Row] = []

    def build(about: dict) -> Network:
        given = about["row"]
        if not isinstance(given["augmentations"], bool):
            given = given | {"augmentations": tuple(given["augmentations"])}
        rows.append(Row(**given))
        return empty_network(NetworkConfig(**about["network"]), rows[0].dimensions)

    return Trained(load_weights(Path(path), FORM, "a descriptor network", build), rows[0])
