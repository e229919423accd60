"""Pictures of any kind, damaged or not: every entry point gives one error that names the file, or the right answer."""

import io
import json
import shutil
import struct
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from graspbook.core.errors import InputError
from graspbook.data.cityscapes import Streets
from graspbook.data.coco import CocoScenes
from graspbook.data.folder import open_grasps
from graspbook.data.orientation import upright
from graspbook.data.pictures import read_colour, read_labelled, read_levels
from graspbook.instances.types import LabelMap
from graspbook.joint.scene import SceneSegmentation
from graspbook.latent.sets.categories import load_classes
from graspbook.pipeline.cli import app
from tests.fuzz.strategies import damaged, quick

H, W = 12, 16
BACK = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
"""The turn that undoes each of EXIF's orientations."""
FORMATS = {"png": "PNG", "jpg": "JPEG", "tif": "TIFF", "webp": "WEBP", "bmp": "BMP", "gif": "GIF", "ppm": "PPM"}
MODES = ["RGB", "RGB", "RGB", "L", "LA", "1", "P", "RGBA", "CMYK", "I;16", "F", "LAB"]
SIZES = st.sampled_from([(H, W), (H, W), (W, H), (H, H), (1, 1), (1, 300), (7, 5)])


def ramp(height, width):
    """Colours that tell every turn and mirror from every other."""
    rows, columns = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)
    return np.uint8(255 * np.stack(np.broadcast_arrays(rows, columns, rows * columns), -1))


@st.composite
def files(draw, endings=tuple(FORMATS)):
    """Ending, bytes and truth of a file: a picture as viewers show it, or None where it is no such picture."""
    ending, mode, size = draw(st.sampled_from(endings)), draw(st.sampled_from(MODES)), draw(SIZES)
    orientation, frames = draw(st.integers(1, 8)), draw(st.sampled_from([1, 1, 1, 2]))
    shown = ramp(*size)
    stored = upright(shown, BACK[orientation])
    grey = stored[..., 0].astype(np.uint16) * 200
    picture = Image.fromarray(grey) if mode == "I;16" else Image.fromarray(stored).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"tiffinfo": {0x0112: orientation}} if ending == "tif" else {"exif": exif}
    if ending in ("bmp", "gif", "ppm"):
        how, shown = {}, stored
    if frames > 1 and ending not in ("jpg", "bmp", "ppm"):
        how |= {"save_all": True, "append_images": [picture.rotate(180)]}
    file = io.BytesIO()
    try:
        picture.save(file, FORMATS[ending], lossless=True, quality=95, **how)
    except (OSError, KeyError, ValueError):  # a format that has no such mode
        return ending, b"no picture", None
    right = mode in ("RGB", "P", "RGBA") and "save_all" not in how
    content = file.getvalue()
    if draw(st.booleans()):
        return ending, content, shown if right else None
    return ending, draw(damaged(content)), None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


many = settings(quick, max_examples=150)


@many
@given(files())
def test_a_picture_is_read_as_viewers_show_it_or_refused_by_name(folder, made):
    ending, content, shown = made
    path = folder / f"a.{ending}"
    path.write_bytes(content)
    try:
        seen = read_colour(path)
    except InputError as error:
        assert str(error).startswith(f"{path}: ") and (shown is None or ending == "gif")
    else:
        assert seen.dtype == np.uint8 and seen.ndim == 3 and seen.flags.c_contiguous
        if shown is not None:
            assert seen.shape == shown.shape
            assert np.abs(seen.astype(int) - shown).mean() < 40  # palettes have few colours; turned, they are far off
    for read in (read_levels, lambda path: read_labelled(path, (H, W), "here")):
        with suppress(InputError):
            read(path)


@many
@given(files(), SIZES, st.integers(0, 2))
def test_a_labelled_photo_agrees_with_its_labels_or_is_refused(folder, made, size, kind):
    ending, content, shown = made
    (folder / f"b.{ending}").write_bytes(content)
    image = {"id": 1, "file_name": f"b.{ending}", "height": size[0], "width": size[1]}
    full = {"size": list(size), "counts": [0, size[0] * size[1]]}
    note = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": full}
    whole = {"images": [image], "annotations": [note], "categories": [{"id": 1, "name": "thing"}]}
    path = folder / "coco.json"
    path.write_text(json.dumps(whole))
    with suppress(InputError):
        scene = CocoScenes(path, [None, 8, 24][kind])[0]
        assert scene.image.shape[:2] == scene.ids.shape and scene.ids.all()
        if shown is not None and kind == 0 and shown.shape[:2] == size and size[0] != size[1]:
            assert np.abs(scene.image.astype(int) - shown).mean() < 90 or ending == "gif"
    with suppress(InputError):
        assert load_classes(path).images.shape[1:3] == size


@quick
@given(files(("png",)), files(("png",)), st.booleans())
def test_a_street_is_read_or_refused(folder, picture, labels, sound):
    root = folder / "streets"
    for half, ending, (_, content, _) in (
        ("leftImg8bit", "leftImg8bit", picture),
        ("gtFine", "gtFine_instanceIds", labels),
    ):
        file = root / half / "val/lab" / f"lab_000000_000001_{ending}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if sound:
        cv2.imwrite(str(file), np.full((H, W), 24001, np.uint16))
    with suppress(InputError):
        street = Streets(root, "val")[0]
        assert street.image.shape[:2] == street.classes.shape == street.instances.shape
        assert street.classes.max() <= 8


@quick
@given(st.lists(files(("png",)), min_size=3, max_size=3))
def test_a_grasp_is_read_or_refused(folder, made):
    root = folder / "grasps"
    root.mkdir(exist_ok=True)
    for field, (_, content, _) in zip(("before", "after", "cups"), made, strict=True):
        (root / f"g_{field}.png").write_bytes(content)
    with suppress(InputError):
        sample = open_grasps(root)[0]
        assert sample.before.shape == sample.after.shape == (*sample.suction.shape, 3)


def answer(picture):
    ids = np.zeros(picture.shape[:2], np.int32)
    times = dict.fromkeys(("superpixels", "network", "clustering"), 1.0)
    return SceneSegmentation(ids.astype(np.uint8), LabelMap(ids, np.zeros(0, int)), np.zeros(0), times)


COMMANDS = {
    "segment": lambda own, out: ["joint", "segment", own, "--out", out],
    "find": lambda own, out: ["don", "find", "--reference", own, "--point", "1,1", "--in", own, "--out", out],
    "answers": lambda own, out: ["latent", "segment", own, "--out", out],
}
NAMES = ["a", "match", "picture", "times", "é", "a.png", "b\udce9"]


@pytest.fixture
def without_networks(monkeypatch):
    """Networks that find nothing, at once."""
    none = SimpleNamespace(masks=np.zeros((0, 1, 1), bool), classes=[], scores=[])
    match = SimpleNamespace(found=(0, 0), closeness=1.0)
    given = SimpleNamespace(confidence=none, union=none, samples=(none,), p=0.5)
    for answers in (given.confidence, none):
        answers.__dict__["__len__"] = 0
    monkeypatch.setattr("graspbook.pipeline.models.load", lambda name: None)
    monkeypatch.setattr("graspbook.joint.scene.check_scene", lambda model, picture: None)
    monkeypatch.setattr("graspbook.joint.scene.segment_scene", lambda model, picture: answer(picture))
    monkeypatch.setattr("graspbook.don.find.find_point", lambda *_: match)
    monkeypatch.setattr("graspbook.don.figures.heat.match_picture", lambda before, after, match: before)
    monkeypatch.setattr("graspbook.latent.segment.segment_instances", lambda *_: (_ for _ in ()).throw(InputError("x")))


def content_of(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@settings(quick, max_examples=60)
@given(
    st.sampled_from(list(COMMANDS)),
    st.lists(st.tuples(st.sampled_from(NAMES), files(("png", "jpg", "ppm"))), min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_a_command_keeps_every_file_of_the_user(folder, without_networks, command, pictures, whole, same):
    root = folder / "own"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for name, (ending, content, _) in pictures:
        (root / f"{name}.{ending}").write_bytes(content)
    own = root if whole and command == "segment" else min(root.iterdir())
    out = root if same else folder / "out"
    shutil.rmtree(folder / "out", ignore_errors=True)
    before = content_of(root)
    for _ in range(2):  # what the first run wrote, the second may replace
        result = CliRunner().invoke(app, [str(word) for word in COMMANDS[command](own, out)])
        assert result.exit_code in (0, 1) and isinstance(result.exception, SystemExit | None), result.exception
        assert result.exit_code == 0 or "error: " in result.output
        after = content_of(root)
        assert {path: after.get(path) for path in before} == before
    if result.exit_code == 0 and not same:
        written = [path for path in Path(out).glob("[!.]*") if path.suffix == ".png"]
        assert len(written) == (len(before) if own == root else 1)


@quick
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.sampled_from(["bmp", "gif", "ppm"]))
def test_a_header_that_claims_anything(folder, width, height, ending):
    headers = {
        "bmp": b"BM" + struct.pack("<IHHIIIIHHIIIIII", 99, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0),
        "gif": b"GIF89a" + struct.pack("<HH", width % 2**16, height % 2**16) + bytes(9),
        "ppm": f"P6 {width} {height} 255 ".encode() + bytes(9),
    }
    path = folder / f"c.{ending}"
    path.write_bytes(headers[ending])
    with suppress(InputError):
        read_colour(path)
