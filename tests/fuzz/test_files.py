"""Files with anything in them: each entry point gives an InputError or an answer, and nothing else."""

import json
import struct
import zlib
from contextlib import suppress

import cv2
import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml
from graspbook.data import images
from graspbook.data.coco import CocoScenes
from graspbook.data.folder import open_grasps
from graspbook.data.grasps import GraspDataset
from graspbook.data.pictures import read_colour
from graspbook.data.rle import decode_mask, encode_mask
from graspbook.instances.detection_table import read_detections, tabulate, write_detections
from graspbook.instances.types import of_one_class
from graspbook.nn.weight_file import load_weights, save_weights
from graspbook.papers import load_paper
from graspbook.pipeline.params import validate
from graspbook.pipeline.run_notebook import declared_parameters
from graspbook.pipeline.sources import read_notebook
from graspbook.pipeline.verify import compare_file
from graspbook.reporting.cells import read_cells
from graspbook.selfsup.grasp_segmentation.model import load_grasp_segmenter
from tests.conftest import settings_values
from tests.fuzz.strategies import changed, damaged, json_of, json_values, quick

H, W = 6, 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.mark.slow
@quick
@given(st.one_of(st.text(), st.text("{}[]:,-&*!|> \n\t'\"0123456789.e~a"), json_of(json_values)))
def test_yaml(folder, text):
    path = folder / "a.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with suppress(InputError):
        assert isinstance(read_yaml(path), dict)


@quick
@given(st.binary(max_size=60))
def test_bytes_that_may_be_no_text(folder, content):
    path = folder / "a"
    path.write_bytes(content)
    for read in (read_yaml, read_notebook, CocoScenes, load_grasp_segmenter, open_grasps, read_detections):
        with suppress(InputError):
            read(path)
    for ours, theirs in ((content, b"a,m,m_lo,m_hi\n1,2,1,3\n"), (b"a,b\n1,2\n", content)):
        compare_file("a.csv", ours, theirs)


@pytest.mark.slow
@quick
@given(changed({"profile": "standard", "selfsup": settings_values("selfsup")}))
def test_parameters(values):
    with suppress(InputError):
        validate(values, "params")


COCO = {
    "images": [
        {"id": 7, "file_name": "a.png", "height": H, "width": W, "bin": 1},
        {"id": 8, "file_name": "b.png", "height": H, "width": W, "bin": 2},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 1, "iscrowd": 0, "segmentation": [[1, 1, 5, 1, 5, 4.5]]},
        {"id": 2, "image_id": 7, "segmentation": {"size": [H, W], "counts": [3, H * W - 3]}},
        {"id": 3, "image_id": 8, "segmentation": {"size": [H, W], "counts": encode_mask(np.eye(H, W) > 0)}},
    ],
}


@quick
@given(changed(COCO), st.one_of(st.none(), st.integers(-1, 9)))
def test_coco(folder, content, height):
    for name in ("a.png", "b.png"):
        images.write_png(folder / name, np.zeros((H, W, 3), np.uint8))
    path = folder / "coco.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with suppress(InputError):
        scenes = CocoScenes(path, height)
        assert len(list(scenes)) == len(scenes) > 0 and scenes.truth()["images"]


@quick
@given(
    st.one_of(st.text(max_size=20), st.text("0123456789:;<=>?@ABCPQ", max_size=20)),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_run_lengths(counts, height, width):
    with suppress(InputError):
        assert decode_mask(counts, height, width).shape == (height, width)


def read_png(folder, content):
    path = folder / "a.png"
    path.write_bytes(content)
    for read in (images.read_rgb, images.read_grey, images.read_mask, images.read_depth, images.png_size):
        with suppress(InputError):
            read(path, "field")
    with suppress(InputError):
        assert read_colour(path).dtype == np.uint8


@pytest.mark.slow
@quick
@given(damaged(cv2.imencode(".png", np.arange(H * W * 3, dtype=np.uint8).reshape(H, W, 3))[1].tobytes()))
def test_png(folder, content):
    read_png(folder, content)


@quick
@given(*[st.integers(0, 2**32 - 1)] * 2, st.integers(0, 255), st.integers(0, 255))
def test_png_whose_header_claims_anything(folder, width, height, bits, colour):
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 99)), (b"IEND", b""))
    parts = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    read_png(folder, b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@pytest.fixture(scope="module")
def written(folder):
    """Valid files of every kind."""
    paper = load_paper("selfsup").tables["table_3"]
    frame = paper.frame().fillna(1.0)
    frame.to_csv(folder / "t.csv", index=False)
    frame.assign(replicate=0).to_parquet(folder / "t.parquet")
    found = of_one_class(np.ones((1, H, W), bool), np.ones(1, np.float32))
    write_detections(folder / "d.parquet", tabulate(["a"], [found]))
    save_weights(nn.Linear(2, 3), folder / "w.safetensors", "test", {"size": [2, 3]})
    return folder, paper


@quick
@given(st.data())
def test_tables_and_detections(written, data):
    folder, paper = written
    for name in ("t.csv", "t.parquet", "d.parquet"):
        whole = (folder / name).read_bytes()
        broken = folder / f"broken{name[1:]}" if name != "d.parquet" else folder / "broken_d.parquet"
        content = data.draw(st.one_of(damaged(whole) if name == "t.csv" else st.binary(max_size=50), cut(whole)))
        broken.write_bytes(content)
        with suppress(InputError):
            read_detections(broken) if name == "d.parquet" else read_cells(broken, paper)
        with suppress(InputError):
            GraspDataset(broken)


def cut(whole):
    return st.integers(0, len(whole)).map(lambda end: whole[:end])


@quick
@given(st.data())
def test_weights(written, data):
    folder, _ = written
    whole = (folder / "w.safetensors").read_bytes()
    (folder / "broken.safetensors").write_bytes(data.draw(damaged(whole)))
    with suppress(InputError):
        load_weights(folder / "broken.safetensors", "test", "a line", lambda about: nn.Linear(*about["size"]))


NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# A"]},
        {
            "cell_type": "code", "id": "b", "metadata": {"tags": ["parameters"]}, "source": ["x = 1\n", "y: int = 2"],
            "execution_count": None, "outputs": [],
        },
    ],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip


@quick
@given(changed(NOTEBOOK))
def test_notebooks(folder, content):
    path = folder / "a.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    with suppress(InputError):
        assert all(name.isidentifier() for name in declared_parameters(read_notebook(path), "a.ipynb"))


@quick
@given(st.text("xy=()[]{}1,.:\"'\n\0\\# \t+*-", max_size=40))
def test_parameter_cells(cell):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, metadata={"tags": ["parameters"]})])
    with suppress(InputError):
        assert all(name.isidentifier() for name in declared_parameters(notebook, "a.ipynb"))
