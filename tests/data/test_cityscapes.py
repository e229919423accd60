import numpy as np
import pytest
from PIL import Image

from graspbook.core.errors import InputError
from graspbook.data.cityscapes import Streets, decode_ids, encode_ids, write_street
from graspbook.data.images import write_png


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for city in ("aachen", "bonn"):
        for frame in range(2):
            classes, instances = np.zeros((8, 12), np.uint8), np.zeros((8, 12), int)
            classes[1:4, 1:5], instances[1:4, 1:5] = 3, 7
            classes[1:4, 5:9], instances[1:4, 5:9] = 3, 2
            labels = np.where(classes == 3, 26, 11).astype(np.uint8)
            image = rng.integers(0, 255, (8, 12, 3), dtype=np.uint8)
            write_street(tmp_path, "train", city, frame, image, labels, encode_ids(classes, instances, labels))
    return tmp_path


def test_ids_are_the_label_times_a_thousand_plus_an_index():
    classes = np.array([[0, 1, 1, 3, 3]])
    instances = np.array([[0, 4, 2, 9, 0]])
    labels = np.array([[7, 24, 24, 26, 26]], np.uint8)
    ids = encode_ids(classes, instances, labels)
    assert ids.tolist() == [[7, 24001, 24000, 26000, 26]]
    back, numbers = decode_ids(ids)
    assert back.tolist() == classes.tolist()
    assert numbers.tolist() == [[0, 2, 1, 3, 0]]  # nobody told the last car apart: a class, no instance


def test_a_picture_full_of_one_thing_has_one_instance():
    classes, instances = decode_ids(np.full((2, 2), 33000, np.uint16))
    assert (classes == 8).all()
    assert (instances == 1).all()


def test_cities_can_be_taken_and_left_out(folder):
    assert len(Streets(folder, "train")) == 4
    assert set(Streets(folder, "train", only=["bonn"]).cities) == {"bonn"}
    assert set(Streets(folder, "train", without=["bonn"]).cities) == {"aachen"}
    with pytest.raises(InputError, match="no picture"):
        Streets(folder, "train", only=["köln"])


def test_pictures_and_labels_are_scaled_together(folder):
    street = Streets(folder, "train", size=(16, 24))[0]
    assert street.image.shape == (16, 24, 3)
    assert street.instances.shape == (16, 24)
    assert (street.classes[2:8, 2:10] == 3).all()
    assert street.instances.max() == 2


def test_a_missing_half_is_named(folder):
    with pytest.raises(InputError, match="no folder leftImg8bit/val"):
        Streets(folder, "val")
    labels = next((folder / "gtFine").rglob("bonn_000000_000001*instanceIds.png"))
    labels.unlink()
    with pytest.raises(InputError, match=r"bonn_000000_000001_gtFine_instanceIds\.png: missing; 1 of 4"):
        Streets(folder, "train")
    (folder / "gtFine").rename(folder / "elsewhere")
    with pytest.raises(InputError, match="the labels are missing: no folder gtFine/train"):
        Streets(folder, "train")


def test_a_digest_names_names_bytes_and_size(folder):
    digest = Streets(folder, "train").digest()
    assert digest == Streets(folder, "train").digest()
    assert digest != Streets(folder, "train", size=(4, 6)).digest()
    path = folder / "leftImg8bit/train/aachen/aachen_000000_000000_leftImg8bit.png"
    path.write_bytes(path.read_bytes()[:-1])
    assert digest != Streets(folder, "train").digest()
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a picture"):
        Streets(folder, "train")[0]


def labels_of(folder, name="aachen/aachen_000000_000000"):
    return folder / f"gtFine/train/{name}_gtFine_instanceIds.png"


def test_ids_of_8_bits_are_labels_and_tell_no_thing_apart(folder):
    write_png(labels_of(folder), np.array([[7, 26, 33]], np.uint8).repeat(8, 0).repeat(4, 1))
    street = Streets(folder, "train")[0]
    assert street.classes[0].tolist() == [0] * 4 + [3] * 4 + [8] * 4
    assert street.classes.dtype == np.uint8 and not street.instances.any()


@pytest.mark.parametrize("value", [34, 255])
def test_ids_that_8_bits_have_cut_off_are_refused(folder, value):
    write_png(labels_of(folder), np.full((8, 12), value, np.uint8))
    with pytest.raises(
        InputError, match=rf"instanceIds\.png: expected instance ids of 16 bits, found 8 bits .* {value}"
    ):
        Streets(folder, "train")[0]


def test_labels_in_colours_are_refused(folder):
    write_png(labels_of(folder), np.zeros((8, 12, 3), np.uint8))
    with pytest.raises(InputError, match=r"instanceIds\.png: expected a grey PNG of 16 bits, found 8 bits, colours"):
        Streets(folder, "train")[0]


def test_a_picture_that_an_exif_tag_turns_alone_is_refused(folder):
    exif = Image.Exif()
    exif[0x0112] = 3
    picture = folder / "leftImg8bit/train/aachen/aachen_000000_000000_leftImg8bit.png"
    Image.open(picture).save(picture, exif=exif)
    with pytest.raises(InputError, match=r"leftImg8bit\.png: labels .*: its EXIF orientation 3 turns or mirrors it"):
        Streets(folder, "train")[0]


def test_what_is_left_out_is_counted_aloud(folder, caplog):
    Streets(folder, "train")
    assert not caplog.records
    (folder / "leftImg8bit/train/aachen/extra_leftImg8bit.jpg").touch()
    (folder / "leftImg8bit/train/bonn/bonn_000000_000001_leftImg8bit.png").unlink()
    assert len(Streets(folder, "train")) == 3
    pictures, labels = (record.getMessage() for record in caplog.records)
    assert "1 files are left out" in pictures and "aachen/extra_leftImg8bit.jpg" in pictures
    assert "1 files of labels are left out" in labels and "bonn_000000_000001_gtFine_instanceIds.png" in labels
