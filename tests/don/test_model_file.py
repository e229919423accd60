import torch

from graspbook.don.config import NetworkConfig, Row
from graspbook.don.model_file import load_network, save_network
from graspbook.don.network import build_network


def test_a_network_comes_back_with_its_row(tmp_path):
    row = Row("a", "nt-xent", "multi", 1, matches=128, augmentations=("crop", "flip"), dimensions=5)
    config = NetworkConfig("mobilenet_v2", "random", None)
    network = build_network(config, 5, 1).eval()
    save_network(network, row, config, tmp_path / "a.safetensors")
    found = load_network(tmp_path / "a.safetensors")
    assert found.row == row
    image = torch.rand(1, 3, 32, 32)
    assert torch.allclose(found.network(image), network(image), atol=1e-2)
