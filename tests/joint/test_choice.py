import dataclasses

import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.joint.choice import alternatives, best_settings, chosen_text, look, read_chosen, try_settings
from graspbook.joint.config import ChoiceConfig
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
