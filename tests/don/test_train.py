import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.don import train as module
from graspbook.don.config import Row
from graspbook.don.losses import match_loss, non_match_loss, nt_xent
from graspbook.don.network import DescriptorNetwork, build_network, descriptors_at, to_input
from graspbook.don.pairs import PairSource
from graspbook.don.queries import draw_queries
from graspbook.don.train import batch_loss, make_batch, train_row
from graspbook.training.fit import Step
from tests.conftest import standard
from tests.don.flat import flat_scene
from tests.variants import variants

DATA = Path(__file__).parents[2] / "data"
DON = standard("don")
TRAIN = dataclasses.replace(DON.train, least_matches=10, pairs=4, evaluations=2)
RANDOM = dataclasses.replace(DON.network, weights="random")


def row(**options):
    return Row(**({"title": "row", "loss": "nt-xent", "data": "multi", "seeds": 1, "matches": 25} | options))


@pytest.fixture(scope="module")
def scenes():
    return [flat_scene(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DescriptorNetwork(6, None).eval()


def test_nt_xent_counts_the_matches_of_all_pairs_together(scenes, network):
    wanted = row(batch=2, background=8)
    batch = make_batch(PairSource(scenes, wanted, TRAIN, DON.augment), np.random.default_rng(0))
    cells = network(batch.images)
    sides = {"a": cells[:2], "b": cells[2:]}
    ends = [
        torch.cat([descriptors_at(sides[s][k], torch.from_numpy(getattr(p, s))) for k, p in enumerate(batch.pairs)])
        for s in "ab"
    ]
    table = [
        descriptors_at(sides[s][k], torch.from_numpy(p.table["ab".index(s)]))
        for s in "ab"
        for k, p in enumerate(batch.pairs)
    ]
    expected = nt_xent(*ends, wanted.temperature, torch.cat(table))
    assert torch.isclose(batch_loss(network, batch, wanted, TRAIN), expected)
    assert expected > nt_xent(*ends, wanted.temperature)  # further negatives cost


def test_the_pixelwise_loss_is_its_parts(scenes, network):
    """With a margin beyond every distance and no pixel left out, against single non-matches drawn again."""
    wanted, train = row(loss="pixelwise", non_matches=7), dataclasses.replace(TRAIN, margin=50.0, apart=0.0)
    batch = make_batch(PairSource(scenes, wanted, train, DON.augment), np.random.default_rng(1))
    found = batch_loss(network, dataclasses.replace(batch, rng=np.random.default_rng(5)), wanted, train)
    drawn = np.random.default_rng(5).choice(40 * 48, (1, 7))
    cells, pair = network(batch.images), batch.pairs[0]
    a, b = descriptors_at(cells[0], torch.from_numpy(pair.a)), descriptors_at(cells[1], torch.from_numpy(pair.b))
    pixels = torch.from_numpy(np.stack([drawn % 48, drawn // 48], -1)).float()
    others = descriptors_at(cells[1], pixels[0])[None].repeat(25, 1, 1)
    everything = torch.ones(25, 7, dtype=torch.bool)
    assert torch.isclose(found, match_loss(a, b) + non_match_loss(a, others, everything, 50.0), rtol=1e-4)


def test_another_object_adds_to_the_pixelwise_loss(network):
    single = [flat_scene(seed, objects=(1 + seed % 2,)) for seed in range(4)]
    wanted = row(loss="pixelwise", data="single", cross_object=True, non_matches=6)
    batch = make_batch(PairSource(single, wanted, TRAIN, DON.augment), np.random.default_rng(0))
    assert len(batch.images) == 3 and len(batch.others) == 1
    without = dataclasses.replace(batch, images=batch.images[:2], others=[])
    again = [dataclasses.replace(b, rng=np.random.default_rng(3)) for b in (batch, without)]
    assert batch_loss(network, again[0], wanted, TRAIN) > batch_loss(network, again[1], wanted, TRAIN)


@pytest.mark.slow
def test_a_training_is_read_again_and_depends_on_what_it_reads(scenes, tmp_path):
    evaluate = dataclasses.replace(DON.evaluate, pairs=1, queries=10, travel=0.05)
    validation = scenes[:1], draw_queries(scenes[:1], evaluate, 1, 0.005)

    def trained(wanted, seed=1, train=TRAIN):
        return train_row(
            wanted,
            seed,
            scenes,
            validation,
            train=train,
            network=RANDOM,
            augmentations=DON.augment,
            scratch_dir=tmp_path,
        )

    first = trained(row(batch=2, augmentations=True))
    assert len(first.history) == 2 and first.history["pck"].notna().all()
    same = trained(row(batch=2, augmentations=True, title="another title", seeds=9))
    assert same.folder == first.folder
    for other in (
        trained(row(batch=2)),
        trained(row(batch=2, augmentations=True), seed=2),
        trained(row(batch=2, augmentations=True, scenes=2)),
        trained(row(batch=2, augmentations=True), train=dataclasses.replace(TRAIN, learning_rate=0.01)),
    ):
        assert other.folder != first.folder
    with pytest.raises(InputError, match="9 scenes wanted"):
        trained(row(scenes=9))


@pytest.mark.slow
def test_twenty_steps_lower_the_loss(scenes):
    wanted = row(batch=2, objects_only=True)
    model, source = build_network(DON.network, 8, 1, DATA), PairSource(scenes, wanted, TRAIN, DON.augment)
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 0.003)
    losses = []
    for step in range(20):
        loss = batch_loss(model, make_batch(source, np.random.default_rng(step)), wanted, TRAIN)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.2


def test_rows_that_cannot_be_are_refused():
    for options in (
        {"cross_object": True},
        {"loss": "pixelwise", "background": 5},
        {"loss": "pixelwise", "matches": 30},
        {"data": "single", "both": True},
    ):
        with pytest.raises(ValueError):
            row(**options)


def test_the_pixelwise_loss_with_masks_is_that_of_a_loop():
    """Half of the non-matches lie on the object, half off it, far from the match in B; then those of another object."""
    single = [flat_scene(seed, objects=(1 + seed % 2,)) for seed in range(4)]
    wanted = row(loss="pixelwise", data="single", cross_object=True, non_matches=60)
    train = dataclasses.replace(TRAIN, margin=5.0, apart=15.0)
    batch = make_batch(PairSource(single, wanted, train, DON.augment), np.random.default_rng(0))
    cells = torch.randn(3, 6, 5, 6, generator=torch.Generator().manual_seed(0))
    found = batch_loss(lambda _: cells, dataclasses.replace(batch, rng=np.random.default_rng(3)), wanted, train)
    rng, [pair] = np.random.default_rng(3), batch.pairs
    a, b = (descriptors_at(cells[k], torch.from_numpy(uv)) for k, uv in enumerate((pair.a, pair.b)))
    expected = match_loss(a, b)
    for group, side, matches in ((pair.inside, 1, pair.b), (pair.outside, 1, pair.b), (batch.others[0], 2, None)):
        pixels = [divmod(place, 48)[::-1] for place in rng.choice(group, (1, 30))[0].tolist()]
        others = descriptors_at(cells[side], torch.tensor(pixels).float())[None].repeat(25, 1, 1)
        far = [[matches is None or np.hypot(*(matches[k] - p)) >= 15 for p in pixels] for k in range(25)]
        expected = expected + non_match_loss(a, others, torch.tensor(np.array(far, bool)), 5.0)
    assert torch.isclose(found, expected, rtol=1e-4)


STEP = Step(0, 0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def validation(scenes):
    evaluate = dataclasses.replace(DON.evaluate, pairs=1, queries=10, travel=0.05)
    return scenes[:1], draw_queries(scenes[:1], evaluate, 1, 0.005)


@pytest.fixture
def planned(scenes, validation, tmp_path, monkeypatch):
    """Makes what a training consists of, without training: the arguments that `fit` is given."""
    monkeypatch.setattr(module, "fit", lambda model, plan, **parts: SimpleNamespace(model=model, plan=plan, **parts))

    def plan(wanted, scenes=scenes, validation=validation, seed=1, **settings):
        given = {"train": TRAIN, "network": RANDOM, "augmentations": DON.augment, "scratch_dir": tmp_path}
        return train_row(wanted, seed, scenes, validation, **(given | settings))

    return plan


def painted(scenes, first):
    """The same scenes, each in one grey of its own."""
    return [
        dataclasses.replace(scene, images=np.full_like(scene.images, grey)) for grey, scene in enumerate(scenes, first)
    ]


def test_the_weights_with_the_most_answers_within_80_pixels_are_kept(planned, monkeypatch):
    scores = SimpleNamespace(errors=np.array([7.0, 79.0, 81.0, 200.0]), auc=np.array([0.5]))
    monkeypatch.setattr(module, "score", lambda *_: scores)
    plan = planned(row())
    assert next(iter(plan.evaluate(plan.model).items())) == ("pck", 50)
    assert plan.plan.keep == "best"


def test_a_training_is_named_by_the_augmentations_and_masks_that_it_uses(planned, scenes):
    stronger = dataclasses.replace(DON.augment, crop=0.1)
    assert planned(row(augmentations=True)).name != planned(row(augmentations=True), augmentations=stronger).name
    assert planned(row()).name == planned(row(), augmentations=stronger).name
    others = [dataclasses.replace(scene, ids=np.roll(scene.ids, 3, 1)) for scene in scenes]
    for used in (row(objects_only=True), row(background=8)):
        assert planned(used).name != planned(used, others).name
    assert planned(row()).name == planned(row(), others).name


def test_weights_decay_as_the_settings_say(planned):
    plan = planned(row(), train=dataclasses.replace(TRAIN, weight_decay=0.25))
    assert [group["weight_decay"] for group in plan.optimiser(plan.model).param_groups] == [0.25]


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["nt-xent", "pixelwise"])
def test_a_training_is_named_by_every_setting_that_it_uses(loss, planned):
    wanted = row(loss=loss)
    name = planned(wanted).name
    changed = {field: planned(other).name for field, other in variants(wanted, "title", "seeds")}
    changed |= {field: planned(wanted, train=other).name for field, other in variants(TRAIN, "seed")}
    changed |= {field: planned(wanted, network=other).name for field, other in variants(RANDOM, "weights", "location")}
    assert len(changed) > 15
    assert [field for field, other in changed.items() if other == name] == []
    for same in (planned(row(loss=loss, title="other")), planned(row(loss=loss, seeds=2))):
        assert same.name == name
    assert planned(wanted, train=dataclasses.replace(TRAIN, seed=TRAIN.seed + 1)).name == name
    assert planned(wanted, seed=2).name != name


def test_a_training_is_named_by_all_that_it_learns_from_and_is_chosen_on(planned, scenes, validation):
    name = planned(row()).name
    moved = [dataclasses.replace(scene, cameras=scene.cameras[::-1]) for scene in scenes]
    deeper = [dataclasses.replace(scene, depth=scene.depth + 0.001) for scene in scenes]
    for other in (painted(scenes, 0), moved, deeper, scenes[::-1]):
        assert planned(row(), other).name != name
    queries = validation[1]
    for field in ("pixels", "answers"):
        other = [dataclasses.replace(queries[0], **{field: getattr(queries[0], field) + 1}), *queries[1:]]
        assert planned(row(), validation=(validation[0], other)).name != name
    asked = [dataclasses.replace(queries[0], b=queries[0].a), *queries[1:]]
    assert planned(row(), validation=(validation[0], asked)).name != name
    assert planned(row(), validation=(painted(validation[0], 0), queries)).name != name


def test_the_first_scenes_are_learned_and_never_those_of_validation(planned, scenes, validation):
    painted_ones = painted(scenes, 100), (painted(validation[0], 200), validation[1])
    for wanted, greys in ((row(batch=4, scenes=2), {100, 101}), (row(batch=4), {100, 101, 102})):
        plan = planned(wanted, *painted_ones)
        batches = [plan.batch(dataclasses.replace(STEP, number=number)) for number in range(8)]
        values = to_input(torch.arange(256, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 1, 3))[:, 0].flatten()
        seen = {int((values - value).abs().argmin()) for batch in batches for value in batch.images.unique()}
        assert seen == greys


@pytest.mark.parametrize(("loss", "measure"), [("nt-xent", "cosine"), ("pixelwise", "euclidean")])
def test_weights_are_compared_on_the_queries_of_validation_as_the_loss_compares(
    loss, measure, planned, validation, monkeypatch
):
    given = []
    scores = SimpleNamespace(errors=np.zeros(1), auc=np.zeros(1))
    monkeypatch.setattr(module, "score", lambda model, *others: given.append(others) or scores)
    plan = planned(row(loss=loss))
    plan.evaluate(plan.model)
    [(scenes, queries, used)] = given
    assert scenes is validation[0] and queries is validation[1] and used == measure


def test_each_step_process_and_seed_draws_its_own_pairs(planned):
    batches = [planned(row()).batch(dataclasses.replace(STEP, number=number)) for number in (0, 1)]
    batches += [planned(row()).batch(dataclasses.replace(STEP, part=1, parts=2)), planned(row(), seed=2).batch(STEP)]
    drawn = {batch.pairs[0].a.tobytes() for batch in batches}
    assert len(drawn) == 4
    assert planned(row()).batch(STEP).pairs[0].a.tobytes() in drawn


def test_each_seed_begins_with_its_own_weights(planned):
    one, same, other = (planned(row(), seed=seed).model.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, same[key]) for key, value in one.items())
    assert not all(torch.equal(value, other[key]) for key, value in one.items())


def test_a_row_takes_as_many_steps_as_its_pairs_need_and_its_rate_rises_then_falls(planned):
    assert planned(row(batch=2)).plan.steps == TRAIN.pairs // 2
    plan = planned(row(pairs=200, batch=2))
    assert plan.plan.steps == 100 and plan.plan.evaluate_every == 100 // TRAIN.evaluations
    rates = [plan.rate(1.0, step) for step in range(100)]
    assert np.argmax(rates) in (4, 5) and rates[0] < 0.5 and rates[-1] < 0.01


def test_the_table_of_each_view_is_described_by_that_view(scenes):
    """Where A's picture has one descriptor everywhere and B's another, the table's are as many of each."""
    wanted = row(batch=1, background=8)
    batch = make_batch(PairSource(scenes, wanted, TRAIN, DON.augment), np.random.default_rng(0))
    cells = torch.randn(2, 6, 5, 6, generator=torch.Generator().manual_seed(0))
    [pair] = batch.pairs
    ends = [descriptors_at(cells[side], torch.from_numpy(uv)) for side, uv in enumerate((pair.a, pair.b))]
    table = torch.cat([descriptors_at(cells[side], torch.from_numpy(uv)) for side, uv in enumerate(pair.table)])
    expected = nt_xent(*ends, wanted.temperature, table)
    assert torch.isclose(batch_loss(lambda _: cells, batch, wanted, TRAIN), expected, rtol=1e-5)


def test_a_batch_holds_the_pictures_of_both_views(scenes):
    batch = make_batch(PairSource(scenes, row(batch=2), TRAIN, DON.augment), np.random.default_rng(0))
    pictures = [pair.images[side] for side in (0, 1) for pair in batch.pairs]
    assert torch.equal(batch.images, to_input(torch.from_numpy(np.stack(pictures))))
    assert not torch.equal(batch.images[0], batch.images[2])
