"""The networks of the paper's baselines GG-CNN [15] and GG-CNN2 [16], as their authors published them."""

from torch import nn

Body = tuple[nn.Sequential, int, int]
"""A body that keeps the size of the image, its number of channels, and what the image's sides are a multiple of."""


def ggcnn() -> Body:
    """GG-CNN (Morrison et al., RSS 2018): strides 3, 2, 2, and back."""
    return (
        nn.Sequential(
            nn.Conv2d(1, 32, 9, stride=3, padding=3),
            nn.ReLU(),
            nn.Conv2d(32, 16, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 8, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 16, 5, stride=2, padding=2, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 32, 9, stride=3, padding=3),
            nn.ReLU(),
        ),
        32,
        12,
    )


def ggcnn2() -> Body:
    """GG-CNN2 (Morrison et al., IJRR 2020): two pools, two dilated layers, bilinear upsampling."""
    layers: list[nn.Module] = []
    for last, kernel in ((1, 11), (16, 5), (16, 5), (16, 5)):
        layers += [nn.Conv2d(last, 16, kernel, padding=kernel // 2), nn.ReLU()]
        if len(layers) in (4, 9):
            layers.append(nn.MaxPool2d(2))
    for last, dilation in ((16, 2), (32, 4)):
        layers += [nn.Conv2d(last, 32, 5, padding=2 * dilation, dilation=dilation), nn.ReLU()]
    for last in (32, 16):
        layers += [
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            nn.Conv2d(last, 16, 3, padding=1),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers), 16, 4
