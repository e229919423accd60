import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import save_file

from graspbook.core.errors import InputError
from graspbook.world.assets import catalogue
from graspbook.world.assets.catalogue import Catalogue, in_split, pack, pack_atlas, unpack_atlas
from graspbook.world.assets.meshes import volume_and_centroid
from tools import build_data

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def folder(tmp_path, small_catalogue):
    index, arrays = pack(small_catalogue.all_shapes)
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / catalogue.INDEX_FILE).write_text(json.dumps({"shapes": index}))
    save_file(arrays, tmp_path / "catalogue" / catalogue.SHAPES_FILE)
    atlas = cv2.cvtColor(pack_atlas(small_catalogue.texture_pool), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(tmp_path / "catalogue" / catalogue.TEXTURES_FILE), atlas)
    return tmp_path


def test_a_catalogue_survives_the_disk(folder, small_catalogue):
    loaded = Catalogue.load(folder)
    np.testing.assert_array_equal(loaded.texture_pool, small_catalogue.texture_pool)
    for ours, theirs in zip(small_catalogue.all_shapes, loaded.all_shapes, strict=True):
        assert (ours.name, ours.family, ours.volume) == (theirs.name, theirs.family, theirs.volume)
        np.testing.assert_array_equal(ours.vertices, theirs.vertices)
        np.testing.assert_array_equal(ours.faces, theirs.faces)
        np.testing.assert_allclose(ours.corner_normals, theirs.corner_normals, atol=1e-3)
        for one, other in zip(ours.hulls, theirs.hulls, strict=True):
            np.testing.assert_array_equal(one, other)
    assert loaded.shape("box_0001").family == "box"


@pytest.mark.parametrize("name", [catalogue.INDEX_FILE, catalogue.SHAPES_FILE, catalogue.TEXTURES_FILE])
def test_a_missing_or_corrupt_file_is_named_with_the_remedy(folder, name):
    path = folder / "catalogue" / name
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match=rf"{name}.*dvc pull"):
        Catalogue.load(folder)
    path.unlink()
    with pytest.raises(InputError, match=rf"{name}.*dvc pull data.dvc"):
        Catalogue.load(folder)


def test_an_index_that_does_not_fit_its_arrays_is_corrupt(folder):
    path = folder / "catalogue" / catalogue.INDEX_FILE
    index = json.loads(path.read_text())
    index["shapes"].pop()
    path.write_text(json.dumps(index))
    with pytest.raises(InputError, match="corrupt"):
        Catalogue.load(folder)


def test_train_and_test_are_disjoint_and_complete(small_catalogue):
    train, test = small_catalogue.shapes("train"), small_catalogue.shapes("test")
    assert not {s.name for s in train} & {s.name for s in test}
    assert len(train) + len(test) == len(small_catalogue.all_shapes)
    assert all(s.name.endswith("0") for s in test)
    textures = set(small_catalogue.textures("train")), set(small_catalogue.textures("test"))
    assert not textures[0] & textures[1]
    assert textures[1] == {0, 10}


def test_unknown_splits_and_shapes_are_refused(small_catalogue):
    with pytest.raises(InputError, match="split"):
        in_split(3, "validation")
    with pytest.raises(InputError, match="sphere_0001"):
        small_catalogue.shape("sphere_0001")


def test_shapes_are_centred_few_cornered_and_small(small_catalogue):
    for shape in small_catalogue.all_shapes:
        assert max(len(hull) for hull in shape.hulls) <= 24
        assert shape.volume > 0
        assert shape.extent.max() < 0.2
        if shape.family != "random":
            volume, centroid = volume_and_centroid((shape.vertices.astype(float), shape.faces))
            np.testing.assert_allclose(centroid, 0, atol=1e-6)
            assert volume == pytest.approx(shape.volume, rel=1e-4)
        # no hull sticks out of the shape
        corners = np.concatenate(shape.hulls)
        assert (corners <= shape.vertices.max(0) + 2e-3).all()
        assert (corners >= shape.vertices.min(0) - 2e-3).all()


def test_the_atlas_round_trips():
    tiles = np.random.default_rng(0).integers(0, 256, (6, 128, 128, 3)).astype(np.uint8)
    np.testing.assert_array_equal(unpack_atlas(pack_atlas(tiles, columns=3)), tiles)


@pytest.mark.skipif(not (DATA / "catalogue").is_dir(), reason="data/ is not pulled")
def test_the_tracked_data_is_what_the_script_makes():
    loaded = Catalogue.load(DATA)
    assert len(loaded.textures("test")) == 40
    assert sum(shape.family == "random" for shape in loaded.shapes("test")) >= 60
    generated = {"box": build_data._box, "can": build_data._can, "pack": build_data._pack}
    for family, (name, make) in zip((0, 2, 3), generated.items(), strict=True):
        made = make(7, np.random.default_rng([family, 7]))
        np.testing.assert_allclose(made.vertices, loaded.shape(f"{name}_0007").vertices, atol=1e-6)
