import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.latent import train as module
from graspbook.latent.dataset import LabelledImages
from graspbook.latent.model import LatentMaskRCNN
from graspbook.latent.train import build_model, look, train_row
from graspbook.training.fit import Step
from tests.latent.test_model import CODE, TINY
from tests.latent.worlds import STANDARD
from tests.variants import variants

PLAIN, LATENT = (STANDARD.trainings["apparel"][name] for name in ("mask-rcnn", "latent"))
TRAIN = dataclasses.replace(
    STANDARD.train,
    start_steps=2,
    steps=3,
    batch_size=2,
    learning_rate=0.001,
    calibrate=4,
    evaluate_every=2,
    weights="random",
)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    ids = np.zeros((6, 32, 32), np.uint16)
    for k, image in enumerate(ids):
        image[4:14, 4:20] = 1
        if k % 2:
            image[16:28, 8 + k : 20 + k] = 2
    pixels = (rng.integers(0, 40, (6, 32, 32, 3)) + 150 * (ids > 0)[..., None]).astype(np.uint8)
    return LabelledImages(pixels, ids, tuple(np.zeros(3, np.int64) for _ in ids), np.arange(6))


def train(row, images, scratch, seed=1, checkpoint_seconds=60.0, **changes):
    return train_row(
        row,
        seed,
        images,
        images.subset(range(min(3, len(images)))),
        train=dataclasses.replace(TRAIN, **changes),
        mask_rcnn=TINY,
        latent=CODE,
        pretrained=None,
        scratch_dir=scratch,
        checkpoint_seconds=checkpoint_seconds,
    )


@pytest.mark.slow
def test_rows_share_their_start_and_are_not_trained_twice(images, tmp_path):
    latent = train(LATENT, images, tmp_path)
    assert {"used", "kl", "own", "active", "score"} <= set(latent.history.columns)
    assert len(latent.history) == 3 and latent.history["used"].notna().tolist() == [False, True, True]
    train(PLAIN, images, tmp_path)
    assert len(list((tmp_path / "trainings").iterdir())) == 3, "the start, and two rows"
    again = train(dataclasses.replace(LATENT, title="another name"), images, tmp_path)
    assert len(list((tmp_path / "trainings").iterdir())) == 3
    for key, value in again.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), latent.model.state_dict()[key].numpy())
    train(PLAIN, images, tmp_path, beta=0.5, encoder_rate=0.3)
    assert len(list((tmp_path / "trainings").iterdir())) == 3, "a plain model does not read what is the code's"
    train(PLAIN, images, tmp_path, steps=2)
    assert len(list((tmp_path / "trainings").iterdir())) == 4


@pytest.mark.slow
def test_looking_changes_nothing_and_is_repeatable(images, tmp_path):
    model = train(LATENT, images, tmp_path, start_steps=0, steps=1).model
    one, other = (look(model, images, 2, 1) for _ in range(2))
    assert one == other and not model.training
    assert one["kl"] > 0 and 0 <= one["active"] <= CODE.dimensions


def test_too_few_images_are_refused(images, tmp_path):
    with pytest.raises(InputError, match="1 images"):
        train(PLAIN, images.subset([0]), tmp_path)


@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_to_the_same_weights(images, tmp_path, monkeypatch):
    whole = train(LATENT, images, tmp_path / "whole", steps=4)
    looked = []

    def killed(*given):
        looked.append(given)
        if len(looked) == 2:  # after the first look at the start, in the middle of the row's own steps
            raise KeyboardInterrupt
        return look(*given)

    monkeypatch.setattr("graspbook.latent.train.look", killed)
    with pytest.raises(KeyboardInterrupt):
        train(LATENT, images, tmp_path / "cut", checkpoint_seconds=0, steps=4)
    monkeypatch.undo()
    again = train(LATENT, images, tmp_path / "cut", steps=4)
    assert len(again.history) == 4
    for key, value in again.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), whole.model.state_dict()[key].numpy(), err_msg=key)


STEP = Step(0, 0, 1, torch.device("cpu"))


@pytest.fixture
def fitted(monkeypatch):
    """What trainings consist of, in the order in which they would run, without training: the arguments of `fit`."""
    calls = []

    def fit(model, plan, **parts):
        calls.append(SimpleNamespace(model=model, plan=plan, **parts))
        if parts["title"].startswith("common start"):
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter += 0.01
        return calls[-1]

    monkeypatch.setattr(module, "fit", fit)
    return calls


@pytest.fixture
def planned(images, fitted, tmp_path):
    """Makes what a row's own training consists of."""

    def plan(row=LATENT, images=images, held_out=None, seed=1, mask_rcnn=TINY, latent=CODE, **changes):
        held_out = images.subset(range(3)) if held_out is None else held_out
        settings = {"mask_rcnn": mask_rcnn, "latent": latent, "pretrained": None, "scratch_dir": tmp_path}
        changed = dataclasses.replace(TRAIN, **({"start_steps": 0} | changes))
        return train_row(row, seed, images, held_out, train=changed, **settings)

    return plan


@pytest.mark.slow
@pytest.mark.parametrize("row", [PLAIN, LATENT], ids=["plain", "latent"])
def test_a_training_is_named_by_every_setting_that_it_uses(row, planned):
    name = planned(row).name
    code = ("encoder_rate", "beta", "warm_up", "calibrate")
    others = ("seed", "start_steps", "weights", "location", *(code if row is PLAIN else ()))
    trains = {f: getattr(c, f) for f, c in variants(TRAIN, *others)}
    changed = {f"train.{field}": planned(row, **{field: value}).name for field, value in trains.items()}
    changed |= {f"mask_rcnn.{f}": planned(row, mask_rcnn=other).name for f, other in variants(TINY, "backbone")}
    changed |= {"seed": planned(row, seed=2).name}
    if row is LATENT:
        own = dict(variants(row, "title", "seeds", "data", "agreement", "same_start", "model", "calibrate"))
        own["calibrate"] = dataclasses.replace(row, calibrate=5)
        changed |= {f"row.{field}": planned(other).name for field, other in own.items()}
        changed |= {f"latent.{field}": planned(row, latent=other).name for field, other in variants(CODE)}
    assert len(changed) > 14
    assert [field for field, other in changed.items() if other == name] == []
    for same in ({"title": "other"}, {"seeds": row.seeds + 1}, {"same_start": False}):
        assert planned(dataclasses.replace(row, **same)).name == name


def test_a_training_is_named_by_its_images_its_labels_and_those_held_out(planned, images):
    held = images.subset(range(3))
    name = planned(held_out=held).name
    brighter, moved = images.images + np.uint8(1), np.roll(images.ids, 1, 2)
    named = tuple(np.where(np.arange(3) == 2, 1, 0) for _ in images.classes)
    for field, value in (("images", brighter), ("ids", moved), ("classes", named)):
        assert planned(images=dataclasses.replace(images, **{field: value}), held_out=held).name != name
    for field, value in (("images", brighter[:3]), ("ids", moved[:3])):
        assert planned(held_out=dataclasses.replace(held, **{field: value})).name != name
    assert planned(held_out=images.subset(range(2))).name != name


@pytest.mark.slow
def test_all_rows_begin_with_one_start_and_some_with_their_own(planned, fitted):
    def start(row, seed):
        fitted.clear()
        planned(row, seed=seed, start_steps=2)
        first, second = fitted
        for key, value in first.model.state_dict().items():
            assert torch.equal(value, second.model.state_dict()[key]), key
        assert first.model.latent is None and first.plan.steps == 2
        assert first.title == f"common start, seed {seed if not row.same_start else TRAIN.seed}"
        return first.name

    names = {start(LATENT, 1), start(PLAIN, 1), start(LATENT, 2), start(PLAIN, 3)}
    assert len(names) == 1
    assert start(dataclasses.replace(PLAIN, same_start=False), 3) not in names


def test_a_code_is_calibrated_on_the_first_images(planned, images, monkeypatch):
    given = []
    monkeypatch.setattr(LatentMaskRCNN, "calibrate", lambda model, batches: given.append(batches))
    planned(calibrate=4)
    assert torch.equal(torch.cat([batch.images for batch in given[0]]), images.batch(range(4)).images)
    planned(PLAIN)
    planned(calibrate=0)
    assert len(given) == 1


def as_bytes(batch):
    return {np.rint(255 * image.numpy()).astype(np.uint8).tobytes() for image in batch.images}


def test_images_are_learned_in_all_mirrorings_and_those_held_out_are_not(planned, images):
    held = dataclasses.replace(images.subset(range(3)), images=images.images[:3] + np.uint8(40))
    pixels = images.images.transpose(0, 3, 1, 2)
    mirrored = [pixels[:, :, ::up, ::left] for up in (1, -1) for left in (1, -1)]
    allowed = {np.ascontiguousarray(image).tobytes() for some in mirrored for image in some}
    plan = planned(held_out=held)
    seen = set().union(*(as_bytes(plan.batch(dataclasses.replace(STEP, number=number))) for number in range(40)))
    assert seen <= allowed and len(seen) > 6 * 2 + 2


@pytest.mark.slow
def test_each_step_process_and_seed_draws_its_own(planned):
    def drawn(plan, step=STEP):
        return plan.batch(step).images.numpy().tobytes()

    assert drawn(planned()) == drawn(planned())
    others = [drawn(planned(), dataclasses.replace(STEP, number=k)) for k in range(4)]
    others += [drawn(planned(seed=seed)) for seed in (2, 3)]
    assert len(set(others)) == len(others)
    assert len(planned().batch(dataclasses.replace(STEP, parts=2)).images) == 1


def test_each_seed_has_an_order_of_its_own(planned, images, monkeypatch):
    orders = []
    monkeypatch.setattr(LabelledImages, "batch", lambda own, places, mirror: orders[-1].extend(places) or own)
    monkeypatch.setattr(LabelledImages, "to", lambda own, device: own, raising=False)
    for seed in range(4):
        orders.append([])
        plan = planned(PLAIN, seed=seed)
        for number in range(3):
            plan.batch(dataclasses.replace(STEP, number=number))
    assert all(sorted(order) == list(range(6)) for order in orders)
    assert len({tuple(order) for order in orders}) > 2


def test_what_is_looked_at_is_held_out(planned, images, monkeypatch):
    given = []
    monkeypatch.setattr(module, "look", lambda model, *others: given.append(others))
    held = images.subset([5, 4])
    plan = planned(held_out=held, seed=3)
    plan.evaluate(plan.model)
    assert given == [(held, TRAIN.batch_size, 3)]
    assert plan.plan.keep == "last" and plan.plan.clip == TRAIN.clip


def test_beta_rises_and_each_step_draws_codes_of_its_own(planned, monkeypatch):
    given = []
    monkeypatch.setattr(
        LatentMaskRCNN, "loss", lambda model, batch, drawn, beta: given.append((drawn.initial_seed(), beta))
    )
    plan = planned(beta=0.5, steps=100)
    for number in (0, 99):
        plan.loss(plan.model, plan.batch(STEP), dataclasses.replace(STEP, number=number))
    (first, low), (last, high) = given
    assert first != last and low == 0 and high == 0.5


def test_backbone_and_encoder_learn_at_rates_of_their_own(planned):
    plan = planned(learning_rate=0.1, backbone_rate=0.5, encoder_rate=0.25, weight_decay=0.125)
    rate_of = {id(p): group["lr"] for group in plan.optimiser(plan.model).param_groups for p in group["params"]}
    of = {"backbone": plan.model.backbone_parameters(), "encoder": plan.model.encoder.parameters()}
    found = {name: {rate_of[id(p)] for p in parts if p.requires_grad} for name, parts in of.items()}
    assert found == {"backbone": {0.05}, "encoder": {0.025}}
    assert {rate_of[id(p)] for p in plan.model.prior.parameters()} == {0.1}
    assert {group["weight_decay"] for group in plan.optimiser(plan.model).param_groups} == {0.125}


def test_each_seed_begins_with_its_own_weights_and_pretrained_ones_where_there_are_some(monkeypatch):
    one, same, other = (build_model(TINY, CODE, 1, None, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, same[key]) for key, value in one.items())
    assert not all(torch.equal(value, other[key]) for key, value in one.items())
    given = []
    monkeypatch.setattr(LatentMaskRCNN, "load_pretrained", lambda model, weights: given.append(weights))
    build_model(TINY, CODE, 1, "pretrained", 1)
    assert given == ["pretrained"]


class Told(torch.nn.Linear):
    """A model whose loss is known for each code, and which draws are used."""

    latent = CODE

    def losses(self, batch, drawn, code):
        self.drawn.append((len(batch.images), drawn.initial_seed()))
        return {"loss": torch.tensor({"prior": 1.0, "own": 2.0, "other": 5.0}[code])}, torch.ones(len(batch.images), 3)


def test_the_code_is_used_as_much_as_another_images_code_costs(images):
    model = Told(1, 1)
    model.drawn = []
    found = look(model, images, 2, 1)
    assert (found["score"], found["own"], found["used"], found["kl"], found["active"]) == (-1, 2, 3, 3, 3)
    assert len(model.drawn) == 9 and len(set(model.drawn)) == 3, "the same draws for every code"
