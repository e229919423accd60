from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from graspbook.core import fingerprint
from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes, LabelledScene, write_scenes
from graspbook.selfsup.inpainting.diffusion import build_inpaint_model
from graspbook.selfsup.inpainting.inpaint import BundledInpainter
from graspbook.selfsup.instance_segmentation.augment import InstanceAugmentation
from graspbook.selfsup.instance_segmentation.batches import BatchSampler, SingleObjects, labelled
from graspbook.selfsup.pasting.bank import ObjectBank, bank_of_scenes
from tests.conftest import standard
from tests.variants import variants

PASTING = replace(standard("selfsup").pasting, min_area=25.0)

STILL = InstanceAugmentation(flip=0, zoom=(1, 1), gamma=0, gain=0, tint=0)
HEIGHT, WIDTH = 32, 48


def toy_scene(number, n_objects=3):
    rng = np.random.default_rng(number)
    ids = np.zeros((HEIGHT, WIDTH), np.uint16)
    for k in range(n_objects):
        ids[4:12, 4 + 14 * k : 14 + 14 * k] = k + 1
    image = rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    image[0, 0] = number  # tells one image from another
    return LabelledScene(f"scene-{number}", image, ids)


@pytest.fixture
def scenes(tmp_path):
    write_scenes(tmp_path / "scenes", (toy_scene(number) for number in range(5)), list(range(5)))
    return CocoScenes(tmp_path / "scenes/annotations.json")


@pytest.fixture
def bank(scenes, tmp_path):
    bank_of_scenes(scenes, tmp_path / "bank.parquet")
    return ObjectBank(tmp_path / "bank.parquet")


def numbers(batch):
    return (255 * batch.images[:, 0, 0, 0]).round().int().tolist()


def assert_same(one, other):
    assert torch.equal(one.images, other.images) and torch.equal(one.single, other.single)
    assert all(torch.equal(a, b) for a, b in zip(one.masks, other.masks, strict=True))


def test_without_a_bank_a_batch_is_labelled_images(scenes):
    batch = BatchSampler(scenes, 2, 0, augmentation=STILL, config=PASTING)(0)
    assert batch.images.shape == (2, 3, HEIGHT, WIDTH) and not batch.single.any()
    for number, image, masks in zip(numbers(batch), batch.images, batch.masks, strict=True):
        scene = toy_scene(number)
        assert torch.equal((255 * image).round().byte().permute(1, 2, 0), torch.from_numpy(scene.image))
        assert torch.equal(masks, torch.from_numpy(scene.ids == np.arange(1, 4)[:, None, None]))


def test_every_image_comes_as_often_as_any_other(scenes):
    supply = BatchSampler(scenes, 2, 3, augmentation=STILL, config=PASTING)
    seen = [number for step in range(5) for number in numbers(supply(step))]
    assert sorted(seen[:5]) == sorted(seen[5:]) == list(range(5))
    assert seen[:5] != seen[5:]


def test_a_batch_depends_on_seed_and_step_alone(scenes, bank):
    one, again = (BatchSampler(scenes, 3, 0, bank=bank, config=PASTING) for _ in range(2))
    for step in (4, 0):
        one(step)
    assert_same(one(2), again(2))
    assert not torch.equal(one(2).images, one(3).images)
    assert not torch.equal(one(2).images, BatchSampler(scenes, 3, 1, bank=bank, config=PASTING)(2).images)


def test_processes_share_a_batch(scenes, bank):
    whole = BatchSampler(scenes, 4, 0, bank=bank, config=PASTING)(1)
    parts = [BatchSampler(scenes, 4, 0, bank=bank, config=PASTING)(1, part, 2) for part in range(2)]
    for part, share in enumerate(parts):
        assert torch.equal(share.images, whole.images[part::2])


def test_pasting_adds_objects_with_their_labels(scenes, bank):
    config = replace(PASTING, min_objects=6, max_objects=6, min_area=1)
    batch = BatchSampler(scenes, 5, 0, bank=bank, config=config, augmentation=STILL)(0)
    assert max(len(masks) for masks in batch.masks) > 3
    for masks in batch.masks:
        assert (masks.sum(0) <= 1).all() and masks.any(-1).any(-1).all()


def test_outlines_alone_are_given_to_the_inpainter(scenes, bank):
    def inpainter(images, masks, generator):
        calls.append((masks, torch.rand(1, generator=generator).item()))
        images = images.copy()
        images[masks] = 77
        return images

    calls = []
    config = replace(PASTING, min_objects=2, max_objects=2)
    plain = BatchSampler(scenes, 3, 0, bank=bank, config=config, augmentation=STILL)
    painted = BatchSampler(scenes, 3, 0, bank=bank, config=config, augmentation=STILL, inpainter=inpainter, dilate=5.0)
    before, after = plain(0), painted(0)
    masks = torch.from_numpy(calls[0][0])[:, None].expand(-1, 3, -1, -1)
    assert masks.any() and not masks.all()
    assert (after.images[masks] == 77 / 255).all()
    assert torch.equal(after.images[~masks], before.images[~masks])
    painted(0)
    painted(1)
    assert calls[0][1] == calls[1][1] != calls[2][1]


def test_half_of_a_batch_is_single_objects(scenes):
    singles = [toy_scene(100 + number, 1) for number in range(3)]
    batch = BatchSampler(scenes, 4, 0, singles=singles, augmentation=STILL, config=PASTING)(0)
    assert batch.single.tolist() == [False, False, True, True]
    assert [len(masks) for masks in batch.masks] == [3, 3, 1, 1]
    assert all(number >= 100 for number in numbers(batch)[2:])


def test_single_objects_are_the_banks_masks_in_the_images_of_their_grasps():
    before = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3)).astype(np.uint8)
    mask = np.zeros((16, 24), bool)
    mask[2:6, 4:12] = True

    class Grasps:
        path = "grasps.parquet"
        table = pd.DataFrame({"grasp_id": ["a", "b"]})

        def __getitem__(self, index):
            return SimpleNamespace(before=before[index])

    bank = SimpleNamespace(path="bank", table=pd.DataFrame({"grasp_id": ["b"]}), full_mask=lambda index: mask)
    singles = SingleObjects(Grasps(), bank, (8, 12))
    assert len(singles) == 1 and singles[0].name == "b"
    assert singles[0].image.shape == (8, 12, 3)
    np.testing.assert_array_equal(singles[0].ids, mask[::2, ::2])
    bank.table = pd.DataFrame({"grasp_id": ["c"]})
    with pytest.raises(InputError, match="grasp_id: c"):
        SingleObjects(Grasps(), bank, (8, 12))


def test_the_digest_tells_supplies_apart(scenes, bank):
    digests = [
        BatchSampler(scenes, 2, 0, config=PASTING).digest(),
        BatchSampler(scenes, 2, 1, config=PASTING).digest(),
        BatchSampler(scenes.subset([0, 1, 2]), 2, 0, config=PASTING).digest(),
        BatchSampler(scenes, 2, 0, bank=bank, config=PASTING).digest(),
        BatchSampler(scenes, 2, 0, bank=bank.first(2), config=PASTING).digest(),
        BatchSampler(scenes, 2, 0, bank=bank, config=replace(PASTING, max_objects=3)).digest(),
    ]
    assert len(set(digests)) == len(digests)
    assert BatchSampler(scenes, 2, 0, bank=bank, config=PASTING).digest() == digests[3]


def test_the_digest_names_all_single_objects_and_not_those_of_the_first_batch_alone(scenes, bank):
    grasps = SimpleNamespace(path="grasps", table=pd.DataFrame({"grasp_id": scenes.names}))

    def digest(objects, size=(HEIGHT, WIDTH)):
        return SingleObjects(grasps, objects, size).digest()

    assert digest(bank) == digest(bank.first(5))  # all of them
    assert len({digest(bank), digest(bank.first(4)), digest(bank, (16, 24))}) == 3


def test_the_digest_names_the_code_of_an_inpainter(scenes, bank, monkeypatch):
    named = []
    monkeypatch.setattr(
        fingerprint, "code_fingerprint", lambda *makers: named.append({maker.__name__ for maker in makers}) or "code"
    )
    painter = BundledInpainter(build_inpaint_model(standard("selfsup").inpaint.model, 0), 1, 1.0)
    BatchSampler(scenes, 2, 0, bank=bank, inpainter=painter, dilate=5.0, config=PASTING).digest()
    assert {"BundledInpainter", "BatchSampler"} <= named[-1]


def test_fewer_labels_are_the_beginning_of_more(scenes):
    assert labelled(scenes, 2).names == scenes.names[:2]
    with pytest.raises(InputError, match="labels: expected 1 to 5"):
        labelled(scenes, 6)


def test_nothing_to_learn_from_or_to_paste_is_refused(scenes, bank):
    with pytest.raises(InputError, match="at least one image"):
        BatchSampler(scenes.subset([]), 2, 0, config=PASTING)
    with pytest.raises(InputError, match="at least one object"):
        BatchSampler(scenes, 2, 0, bank=bank.first(0), config=PASTING)
    with pytest.raises(InputError, match="inpaint"):
        BatchSampler(scenes, 2, 0, inpainter=lambda *_: None, config=PASTING)


@pytest.mark.slow
def test_the_digest_covers_all_that_later_batches_are_made_of(scenes, bank, tmp_path):
    """Also what the first batch does not show."""

    def digest(scenes=scenes, batch_size=2, seed=0, **options):
        return BatchSampler(scenes, batch_size, seed, **({"config": PASTING, "bank": bank} | options)).digest()

    def painter(strength):
        class Painter:
            def __call__(self, images, masks, generator):
                return np.where(masks[..., None], np.uint8(strength), images)

        return Painter()

    def rewritten(folder, change):
        some = [replace(scene, **change(k, scene)) for k, scene in enumerate(scenes)]
        write_scenes(tmp_path / folder, some, list(range(5)))
        return CocoScenes(tmp_path / folder / "annotations.json")

    first = numbers(BatchSampler(scenes, 2, 0, augmentation=STILL, config=PASTING)(0))
    place = next(k for k in range(5) if k not in first)
    brighter = rewritten("image", lambda k, one: {"image": one.image ^ np.uint8(1)} if k == place else {})
    moved = rewritten("ids", lambda k, one: {"ids": np.roll(one.ids, 1, 1)} if k == place else {})
    grasps = SimpleNamespace(path="grasps", table=pd.DataFrame({"grasp_id": scenes.names}))
    names = {"": digest(), "image": digest(brighter), "ids": digest(moved), "size": digest(batch_size=3)}
    names |= {"seed": digest(seed=1), "few": digest(bank=bank.first(4)), "none": digest(bank=None)}
    names |= {field: digest(config=other) for field, other in variants(PASTING)}
    names |= {f"augment.{f}": digest(augmentation=other) for f, other in variants(InstanceAugmentation())}
    names |= {f"painted {k}": digest(inpainter=painter(k), dilate=5.0) for k in (7, 8)}
    names |= {"dilated": digest(inpainter=painter(7), dilate=5.5)}

    class Grasps:
        path, table = grasps.path, grasps.table

        def __getitem__(self, index):
            return SimpleNamespace(before=toy_scene(index).image)

    for count in (4, 5):
        names[f"single {count}"] = digest(singles=SingleObjects(Grasps(), bank.first(count), (HEIGHT, WIDTH)))
    assert len(set(names.values())) == len(names) > 20, names


def test_single_objects_are_each_their_own(bank, scenes):
    class Grasps:
        path, table = "grasps", pd.DataFrame({"grasp_id": scenes.names})

        def __getitem__(self, index):
            return SimpleNamespace(before=toy_scene(index).image)

    singles = SingleObjects(Grasps(), bank, (HEIGHT, WIDTH))
    assert len(singles) == len(bank) == 15
    for index in (0, 4, 14):
        number = int(scenes.names.index(bank.table["grasp_id"][index]))
        assert singles[index].image[0, 0, 0] == number
        np.testing.assert_array_equal(singles[index].ids > 0, bank.full_mask(index))
    assert (singles[0].ids != singles[1].ids).any()


def test_places_of_a_batch_are_changed_each_in_its_own_way(scenes):
    one = scenes.subset([2])
    strong = InstanceAugmentation()
    batch = BatchSampler(one, 4, 0, augmentation=strong, config=PASTING)(0)
    assert len({image.numpy().tobytes() for image in batch.images}) == 4
    later = BatchSampler(one, 4, 0, augmentation=strong, config=PASTING)(1)
    assert not set(image.numpy().tobytes() for image in later.images) & {i.numpy().tobytes() for i in batch.images}


def test_slivers_are_not_learned(scenes):
    large = replace(PASTING, min_area=1e9)
    assert all(len(masks) == 0 for masks in BatchSampler(scenes, 2, 0, augmentation=STILL, config=large)(0).masks)
