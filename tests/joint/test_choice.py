import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.data.cityscapes import Street
from graspbook.joint import choice as module
from graspbook.joint.choice import Seen, alternatives, best_settings, chosen_text, look, read_chosen, try_settings
from graspbook.joint.clustering import cluster_by_centres
from graspbook.joint.config import ChoiceConfig
from graspbook.joint.crowds import crowd
from graspbook.joint.evaluate import evaluate_by
from graspbook.joint.network import build_network
from graspbook.joint.segment import segment
from tests.joint.conftest import ROW

CHOICE = ChoiceConfig(
    pictures=5, thresholds=[0.7, 0.05], assign=[0.1, 5.0], radii=[0.5, 2.0], scores=["confidence", "size"]
)


@pytest.mark.parametrize("method", ["centres", "all-to-all", "components"])
def test_what_is_tried_scores_as_the_whole_method_does(method, streets, network_config, cluster_config):
    network = build_network(ROW, network_config, 1).eval()
    pictures = [streets[place] for place in range(3)]
    tried = try_settings(look(network, pictures, 10.0), method, CHOICE, cluster_config, 4)
    assert len(tried) == {"centres": 8, "all-to-all": 2, "components": 1}[method]

    class Some(list):
        cities = ("a",) * 3

    for line in tried.to_dict("records")[-2:]:
        config = dataclasses.replace(
            cluster_config, **{name: line[name] for name in ("threshold", "assign", "radius", "score")}
        )
        made = evaluate_by(lambda image, c=config: segment(network, image, c, 10.0, method), Some(pictures), 4)
        assert line["ap50"] == pytest.approx(made.scores()["ap50"])


def test_the_highest_mean_is_chosen_and_of_equals_the_first(cluster_config):
    settings = [(c.threshold, c.assign, c.radius) for c in alternatives("centres", CHOICE, cluster_config)]
    assert settings[0] == (0.7, 0.1, 0.5)
    lines = pd.DataFrame(settings, columns=["threshold", "assign", "radius"]).assign(score="size")
    one, two = lines.assign(ap50=[1.0, 9.0, 3.0, 4.0]), lines.assign(ap50=[1.0, 0.0, 6.0, 5.0])
    assert best_settings(one, cluster_config).assign == 5.0
    best = best_settings(pd.concat([one, two]), cluster_config)  # 1, 4.5, 4.5, 4.5
    assert (best.threshold, best.assign, best.score) == (0.7, 5.0, "size")
    best = best_settings(pd.concat([one, two.assign(ap50=[1.0, 0.0, 7.0, 4.0])]), cluster_config)
    assert (best.threshold, best.assign, best.score) == (0.05, 0.1, "size")
    assert best.least == cluster_config.least


def test_a_choice_is_read_as_it_was_written(tmp_path, cluster_config):
    chosen = {"centres": cluster_config, "components": dataclasses.replace(cluster_config, score="product")}
    (tmp_path / "chosen.json").write_text(chosen_text(chosen))
    assert read_chosen(tmp_path / "chosen.json") == chosen


@pytest.mark.parametrize("text", [None, "{", "[]", '{"centres": {"threshold": 1}}'])
def test_what_is_no_choice_is_refused_by_name(tmp_path, text):
    path = tmp_path / "chosen.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=r"chosen\.json: no choice"):
        read_chosen(path)


@pytest.fixture
def crowded(cluster_config):
    """A picture with two things side by side, as grids that say it, and with what would be true."""
    grids = crowd(2, 4, 8, 0)
    height, width = grids.classes.shape
    owner = cluster_by_centres(grids.classes, grids.embeddings, grids.confidence, cluster_config)
    street = Street(np.zeros((height, width, 3), np.uint8), grids.classes.astype(np.uint8), owner.ids.astype(np.int32))
    return Seen(street, grids, torch.arange(height * width).reshape(height, width))


@pytest.mark.parametrize("method", ["centres", "all-to-all"])
def test_each_alternative_is_clustered_by_its_own_settings(method, crowded, cluster_config):
    """With a radius as large as the picture the two things are one; with a threshold above all there are none."""
    choice = dataclasses.replace(CHOICE, thresholds=[0.7, 0.999], assign=[0.5], radii=[0.5, 9.0], scores=["size"])
    tried = try_settings([crowded], method, choice, cluster_config, 1)
    field, values = {"centres": ("threshold", [0.7, 0.999]), "all-to-all": ("radius", [0.5, 9.0])}[method]
    assert tried[field].tolist() == values
    assert tried["ap50"][0] == pytest.approx(100) and tried["ap50"][1] < 60


def test_each_score_ranks_the_detections_by_its_own(crowded, cluster_config, monkeypatch):
    """Of two detections one is right, and one of the scores puts it first."""
    ids = crowded.street.instances == 1
    street = Street(crowded.street.image, np.where(ids, 3, 0).astype(np.uint8), ids.astype(np.int32))
    ranks = {"confidence": np.array([0.9, 0.1]), "size": np.array([0.1, 0.9])}
    monkeypatch.setattr(module, "score_instances", lambda *given: ranks[given[-1]])
    choice = dataclasses.replace(CHOICE, thresholds=[0.5], assign=[0.5], scores=["confidence", "size"])
    tried = try_settings([dataclasses.replace(crowded, street=street)], "centres", choice, cluster_config, 1)
    assert tried["score"].tolist() == ["confidence", "size"]
    assert tried["ap50"].tolist() == pytest.approx([100, 50])


def test_small_things_are_left_out_as_everywhere(crowded, cluster_config):
    choice = dataclasses.replace(CHOICE, thresholds=[0.999], assign=[0.5], scores=["size"])
    missed = try_settings([crowded], "centres", choice, cluster_config, 1)["ap50"][0]
    assert missed == 0
    assert np.isnan(try_settings([crowded], "centres", choice, cluster_config, 1000)["ap50"][0])


def test_the_score_is_chosen_with_the_rest(cluster_config):
    lines = pd.DataFrame(
        {"threshold": 0.7, "assign": 0.5, "radius": 0.5, "score": ["size", "product"], "ap50": [1.0, 2.0]}
    )
    assert best_settings(lines, cluster_config).score == "product"
