from pathlib import Path

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.joint.choice import chosen_text
from graspbook.joint.model_file import CHOSEN, inference_of
from graspbook.joint.network import build_network
from graspbook.joint.scene import segment_scene
from graspbook.joint.segment import segment
from graspbook.nn.model_file import Model
from tests.conftest import standard
from tests.joint.conftest import ROW


@pytest.fixture
def model(network_config):
    return Model(build_network(ROW, network_config, 1).eval(), ROW, inference_of(standard("joint"), Path()))


def test_a_scene_is_segmented_with_the_settings_of_the_model(model, streets):
    found, settings = segment_scene(model, streets[0].image), model.settings
    wanted = segment(model.network, streets[0].image, settings.clustering["centres"], settings.compactness)
    np.testing.assert_array_equal(found.classes, wanted.classes)
    np.testing.assert_array_equal(found.instances.ids, wanted.instances.ids)


def test_what_is_no_model_and_what_is_no_picture_are_refused(model, streets):
    with pytest.raises(InputError, match="model: expected a network of the paper 'joint'"):
        segment_scene(model.network, streets[0].image)
    with pytest.raises(InputError, match=r"picture: expected uint8 \[H, W, 3\]"):
        segment_scene(model, streets[0].image[..., 0])


def test_what_validation_pictures_chose_is_used_where_it_is_known(tmp_path, cluster_config):
    config = standard("joint")
    assert inference_of(config, tmp_path).clustering["centres"] == config.clustering
    (tmp_path / CHOSEN).parent.mkdir(parents=True)
    (tmp_path / CHOSEN).write_text(chosen_text({"centres": cluster_config}))
    assert inference_of(config, tmp_path).clustering == {"centres": cluster_config, "all-to-all": config.clustering}
