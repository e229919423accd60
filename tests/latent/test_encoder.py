import torch

from tests.latent.test_model import build, make_batch


@torch.no_grad()
def test_an_encoder_is_told_where_in_the_image_a_box_lies():
    """From -1 at the left and upper edge to 1 at the right and lower one, also where images are wide."""
    model, given = build(), []
    model.encoder.embed.register_forward_pre_hook(lambda layer, parts: given.append(parts[0][:, -4:]))
    features = model.net.backbone(torch.rand(1, 3, 32, 64))
    masks = torch.zeros(2, 32, 64, dtype=torch.uint8)
    masks[0], masks[1, 8:16, 16:48] = 1, 1
    boxes = torch.tensor([[0.0, 0.0, 64.0, 32.0], [16.0, 8.0, 48.0, 16.0]])
    model.encoder(features, [{"boxes": boxes, "masks": masks, "labels": torch.ones(2, dtype=torch.int64)}], [(32, 64)])
    expected = torch.tensor([[-1.0, -1.0, 1.0, 1.0], [-0.5, -0.5, 0.5, 0.0]])
    torch.testing.assert_close(given[0], expected)


@torch.no_grad()
def test_a_code_depends_on_the_image_that_it_is_of():
    model, some = build(), make_batch()
    losses, kl = model.train().losses(some, torch.Generator().manual_seed(0), "own")
    assert kl.shape == (2, 3) and (kl[0] != kl[1]).any() and losses
