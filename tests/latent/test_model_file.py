import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.latent.model_file import load_network, save_network
from tests.latent.test_model import CODE, build


@pytest.mark.slow
@pytest.mark.parametrize(("latent", "classes"), [(CODE, 3), (None, 1)])
def test_a_model_comes_back_as_it_was(tmp_path, latent, classes):
    model = build(latent, classes)
    save_network(model, tmp_path / "model.safetensors")
    again = load_network(tmp_path / "model.safetensors").network
    assert (again.latent, again.classes, again.training) == (latent, classes, False)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], value, atol=2e-3, rtol=2e-3)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"no")
    with pytest.raises(InputError):
        load_network(tmp_path / "model.safetensors")
