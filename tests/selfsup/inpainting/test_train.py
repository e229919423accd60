import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.selfsup.inpainting import train as inpaint_train
from graspbook.selfsup.inpainting.diffusion import build_inpaint_model
from graspbook.selfsup.inpainting.inpaint import BundledInpainter
from graspbook.selfsup.inpainting.outlined import OutlinedImages, band
from graspbook.selfsup.inpainting.train import inpainting_loss, train_inpainter, training_batch
from graspbook.training.fit import Step
from graspbook.training.seeds import generator as seeded
from tests.conftest import standard
from tests.variants import variants

INPAINT = standard("selfsup").inpaint
TINY = dataclasses.replace(INPAINT.model, channels=(8, 16), block=2)
CONFIG = dataclasses.replace(
    INPAINT.training, seed=0, steps=6, batch_size=2
)  # crops of 16 pixels where images are 24 high


def test_batches_are_the_same_for_the_same_step_and_have_something_to_make_up(flat_discs):
    data = flat_discs(6)
    empty = OutlinedImages(data.images, np.zeros_like(data.masks), data.bins)
    for source in (data, empty):
        for step in range(20):
            images, bands = training_batch(source, CONFIG, step)
            again = training_batch(source, CONFIG, step)
            assert torch.equal(images, again[0]) and torch.equal(bands, again[1])
            assert images.shape == (2, 3, 16, 16) and bands.shape == (2, 1, 16, 16)
            assert images.abs().max() <= 1 and set(bands.unique().tolist()) <= {0.0, 1.0}
            assert (bands.sum((1, 2, 3)) > 0).all()


def test_bands_lie_along_the_known_outlines(flat_discs):
    images, bands = training_batch(flat_discs(6), dataclasses.replace(CONFIG, batch_size=6), 0)
    for image, hidden in zip(images, bands, strict=True):
        disc = (image[0] > 0).numpy()
        assert (hidden[0].numpy() > 0)[band(disc, 1)].all()


def test_images_smaller_than_a_crop_are_taken_whole(flat_discs):
    large = dataclasses.replace(CONFIG, crop=2 * CONFIG.crop)
    assert training_batch(flat_discs(6, height=12), CONFIG, 0)[0].shape == (2, 3, 8, 8)
    assert training_batch(flat_discs(6, height=12), large, 0)[0].shape == (2, 3, 12, 16)


def test_only_masked_pixels_count(flat_discs):
    model = build_inpaint_model(TINY, 0)
    images, masks = training_batch(flat_discs(6), CONFIG, 0)
    value = inpainting_loss(model, images, masks, torch.Generator().manual_seed(0))
    calls = []

    class Wrong(torch.nn.Module):
        config = TINY

        def forward(self, noisy, level, image, mask):
            calls.append(1)
            return model(noisy, level, image, mask) + 100 * (1 - mask)

    other = inpainting_loss(Wrong(), images, masks, torch.Generator().manual_seed(0))
    assert calls and torch.allclose(value, other) and value > 0


@pytest.mark.slow
def test_the_loss_falls_and_flat_discs_are_filled_in(flat_discs, tmp_path):
    data = flat_discs(6)
    config = dataclasses.replace(CONFIG, steps=200, batch_size=6, learning_rate=5e-3, crop=640.0)
    done = train_inpainter(build_inpaint_model(dataclasses.replace(TINY, channels=(16, 32)), 0), config, data, tmp_path)
    losses = done.history["loss"]
    assert losses.iloc[-20:].mean() < 0.3 * losses.iloc[:10].mean()
    hidden = np.stack([band(mask, 1) for mask in data.masks])
    made = BundledInpainter(done.model, steps=4, strength=1.0)(data.images, hidden, torch.Generator().manual_seed(0))
    error = np.abs(made[hidden].astype(int) - data.images[hidden]).mean()
    grey = np.abs(data.images[hidden].astype(int) - data.images[hidden].mean()).mean()
    assert error < 0.5 * grey


def test_an_interrupted_training_goes_on_to_the_same_end(flat_discs, tmp_path, monkeypatch):
    data = flat_discs(6)
    whole = train_inpainter(build_inpaint_model(TINY, 0), CONFIG, data, tmp_path / "a", checkpoint_seconds=0)
    real, calls = inpaint_train.inpainting_loss, []

    def failing(*args):
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(inpaint_train, "inpainting_loss", failing)
    with pytest.raises(KeyboardInterrupt):
        train_inpainter(build_inpaint_model(TINY, 0), CONFIG, data, tmp_path / "b", checkpoint_seconds=0)
    monkeypatch.setattr(inpaint_train, "inpainting_loss", real)
    resumed = train_inpainter(build_inpaint_model(TINY, 0), CONFIG, data, tmp_path / "b", checkpoint_seconds=0)
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[key])
    pd.testing.assert_frame_equal(whole.history, resumed.history, check_exact=True)
    assert list(whole.history.columns) == ["step", "loss", "lr"] and len(whole.history) == 6


def test_other_data_or_settings_are_another_training(flat_discs, tmp_path):
    data = flat_discs(6)
    config = dataclasses.replace(CONFIG, steps=1)
    names = {
        train_inpainter(build_inpaint_model(TINY, seed), settings, images, tmp_path).folder.name
        for seed, settings, images in (
            (0, config, data), (1, config, data), (0, dataclasses.replace(config, seed=1), data),
            (0, config, data.subset(np.arange(5))),
        )
    }  # fmt: skip
    assert len(names) == 4


def test_noise_follows_the_seed_and_the_step_alone(flat_discs, tmp_path, monkeypatch):
    states = []

    def noted(model, images, masks, generator):
        states.append(generator.get_state())
        return inpainting_loss(model, images, masks, generator)

    monkeypatch.setattr(inpaint_train, "inpainting_loss", noted)
    train_inpainter(build_inpaint_model(TINY, 0), dataclasses.replace(CONFIG, seed=3), flat_discs(6), tmp_path)
    expected = [seeded(3, 2, step).get_state() for step in range(CONFIG.steps)]
    assert all(torch.equal(one, other) for one, other in zip(states, expected, strict=True))


def test_processes_share_a_batch(flat_discs, tmp_path, monkeypatch):
    data = flat_discs(6)
    monkeypatch.setattr(inpaint_train, "fit", lambda *_, batch, **__: batch)
    batch = train_inpainter(build_inpaint_model(TINY, 0), CONFIG, data, tmp_path)
    whole = batch(Step(3, 0, 1, torch.device("cpu")))
    for part in range(2):
        for share, all_of_it in zip(batch(Step(3, part, 2, torch.device("cpu"))), whole, strict=True):
            assert torch.equal(share, all_of_it[part : part + 1])


def test_too_few_images_are_refused(flat_discs, tmp_path):
    with pytest.raises(InputError, match="1 images, expected at least batch_size = 2"):
        train_inpainter(build_inpaint_model(TINY, 0), CONFIG, flat_discs(1), tmp_path)


STEP = Step(0, 0, 1, torch.device("cpu"))


def test_a_training_is_named_by_every_setting_by_images_and_by_masks(flat_discs, tmp_path, monkeypatch):
    monkeypatch.setattr(inpaint_train, "fit", lambda *_, name, **__: name)
    data, model = flat_discs(6), build_inpaint_model(TINY, 0)

    def name(data=data, config=CONFIG, model=model):
        return train_inpainter(model, config, data, tmp_path)

    names = {"": name(), "model": name(model=build_inpaint_model(dataclasses.replace(TINY, channels=(8, 24)), 0))}
    names |= {field: name(config=other) for field, other in variants(CONFIG)}
    names["images"] = name(dataclasses.replace(data, images=data.images + np.uint8(1)))
    names["masks"] = name(dataclasses.replace(data, masks=~data.masks))
    assert len(set(names.values())) == len(names) > 8


def test_each_step_and_seed_has_crops_of_its_own_with_the_bands_on_their_outlines(flat_discs):
    data = flat_discs(6)
    batches = [training_batch(data, CONFIG, step) for step in range(6)]
    batches += [training_batch(data, dataclasses.replace(CONFIG, seed=seed), 0) for seed in (1, 2, 3)]
    assert len({images.numpy().tobytes() for images, _ in batches}) == len(batches)
    assert len({bands.numpy().tobytes() for _, bands in batches}) == len(batches)
    for images, bands in batches:  # flipped together: the band covers the whole outline that the image shows
        for image, hidden in zip(images, bands, strict=True):
            shown = band((image[0] > 0).numpy(), 1)
            assert not shown.any() or (hidden[0].numpy() > 0)[shown].mean() > 0.9


def test_orders_and_parts_of_a_batch_follow_the_seed(flat_discs, tmp_path, monkeypatch):
    data = flat_discs(6)
    data.images[:, 0, 0, 0] = np.arange(6)
    monkeypatch.setattr(inpaint_train, "fit", lambda *_, batch, **__: batch)
    whole = dataclasses.replace(CONFIG, crop=640.0)
    orders = set()
    for seed in range(6):
        images, _ = training_batch(data, dataclasses.replace(whole, seed=seed), 0)
        corners = images[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
        orders.add(tuple(((corners.amin(1) + 1) * 127.5).round().int().tolist()))
    assert len(orders) > 2


def test_what_is_predicted_from_is_noisy(flat_discs):
    given = []

    class Watched(torch.nn.Module):
        config = TINY

        def forward(self, noisy, level, image, mask):
            given.append((noisy, image))
            return image

    images, masks = training_batch(flat_discs(6), CONFIG, 0)
    inpainting_loss(Watched(), images, masks, torch.Generator().manual_seed(0))
    noisy, image = given[0]
    assert torch.equal(image, images) and (noisy - images).abs().mean() > 0.05


def test_crops_lie_about_any_part_of_an_object(flat_discs):
    """Not always about the first of its pixels."""
    data = flat_discs(1, height=96, width=128)
    data.masks[0] = False
    data.masks[0, 8:88, 60] = True
    data.images[0] = np.arange(96, dtype=np.uint8)[:, None, None]
    rows = [
        inpaint_train._crop(data.images[0], data.masks[0], 16, np.random.default_rng(k))[0].min() for k in range(30)
    ]
    assert min(rows) < 20 and max(rows) > 50
