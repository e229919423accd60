import dataclasses

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.joint.network import build_network
from graspbook.joint.segment import predict_grids, segment
from graspbook.joint.train import TrainingPictures, class_frequency, recoloured, train_row
from tests.conftest import standard
from tests.joint.conftest import ROW


def run(row, streets, tmp_path, train, network, seed=1):
    return train_row(row, seed, streets, streets, train=train, network=network, compactness=10.0, scratch_dir=tmp_path)


@pytest.mark.slow
def test_a_row_is_trained_once_and_its_title_changes_nothing(streets, tmp_path, train_config, network_config):
    first = run(ROW, streets, tmp_path / "a", train_config, network_config)
    again = run(ROW, streets, tmp_path / "b", train_config, network_config)
    for one, other in zip(first.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert first.history["miou"].notna().sum() == 2
    assert np.isfinite(first.history["loss"]).all()
    renamed = dataclasses.replace(ROW, title="Other", seeds=3)
    assert run(renamed, streets, tmp_path / "a", train_config, network_config).folder == first.folder


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"centres": False}, {"focus": "printed", "gamma": 0.0}, {"k": 2}])
def test_every_kind_of_row_trains(change, streets, tmp_path, train_config, network_config):
    row = dataclasses.replace(ROW, steps=1, **change)
    history = run(row, streets, tmp_path, train_config, network_config).history
    assert len(history) == 1
    assert ("found" in history) is row.centres


def test_a_mirrored_picture_has_mirrored_labels(streets):
    pictures = TrainingPictures(streets, 4, 10.0)
    image, (classes, _) = pictures.get(0, False)
    turned, (mirrored, _) = pictures.get(0, True)
    np.testing.assert_array_equal(turned, image[:, ::-1])
    assert (mirrored == classes[:, ::-1]).mean() > 0.95
    np.testing.assert_array_equal(pictures.get(0, True)[1][0], mirrored)


def test_frequencies_are_shares_of_pixels(streets):
    frequency = class_frequency(streets)
    assert frequency.sum().item() == pytest.approx(1)
    assert frequency[3].item() == pytest.approx(4 * 2 * 16 * 20 / (5 * 32 * 64))


def test_colours_change_within_their_range_and_not_at_all_without_strength():
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    plain = recoloured(images, 0.0, 0.0, np.random.default_rng(1))
    np.testing.assert_allclose(plain, images.transpose(0, 3, 1, 2) / 255, atol=1e-6)
    changed = recoloured(images, 0.3, 0.1, np.random.default_rng(1))
    assert 0 <= changed.min() <= changed.max() <= 1
    assert not np.allclose(changed, plain)


def test_too_few_pictures_are_refused(streets, tmp_path, train_config, network_config):
    with pytest.raises(InputError, match="5 pictures, batches of 6"):
        run(ROW, streets, tmp_path, dataclasses.replace(train_config, batch_size=6), network_config)


@pytest.mark.parametrize("centres", [True, False])
def test_any_picture_is_segmented(centres, network_config, cluster_config):
    network = build_network(dataclasses.replace(ROW, centres=centres), network_config, 1).eval()
    pictures = (np.zeros((33, 50), np.uint8), np.full((33, 50, 3), 9000, np.uint16))
    for picture in pictures:  # grey, and 16-bit
        found = segment(network, picture, cluster_config, 10.0)
        assert found.classes.shape == found.instances.ids.shape == (33, 50)
        assert len(found.scores) == len(found.instances.classes)
        assert list(found.milliseconds) == ["superpixels", "network", "clustering"]


def test_a_row_has_one_name_in_the_book():
    joint = standard("joint")
    with pytest.raises(ValueError, match="another family has a row of this name"):
        dataclasses.replace(joint, trainings={"one": {"a": ROW}, "two": {"a": ROW}})
    with pytest.raises(ValueError, match="becomes a file's name"):
        dataclasses.replace(joint, trainings={"one": {"A b": ROW}})
    with pytest.raises(ValueError, match="expected some if, and only if"):
        dataclasses.replace(joint.data, folder="cityscapes")
    with pytest.raises(ValueError, match="prior is 0"):
        dataclasses.replace(joint.network, prior=0)


def test_without_superpixels_every_element_has_its_square(network_config, cluster_config):
    network = build_network(ROW, network_config, 1).eval()
    picture = np.random.default_rng(0).integers(0, 256, (33, 50, 3), dtype=np.uint8)
    found = segment(network, picture, cluster_config, 10.0, square=True)
    classes = predict_grids(network, picture).classes
    np.testing.assert_array_equal(found.classes, classes.repeat(4, 0).repeat(4, 1)[:33, :50])


def test_a_training_is_named_by_the_compactness_of_its_superpixels(
    streets, tmp_path, train_config, network_config, monkeypatch
):
    monkeypatch.setattr("graspbook.joint.train.fit", lambda *_, name, **__: name)
    settings = {"train": train_config, "network": network_config, "scratch_dir": tmp_path}
    names = [train_row(ROW, 1, streets, streets, compactness=value, **settings) for value in (10.0, 20.0, 10.0)]
    assert names[0] == names[2] != names[1]
