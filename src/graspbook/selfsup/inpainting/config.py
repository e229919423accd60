"""Configuration of inpainting (§III-B.3): sections `inpainter` and `inpaint`."""

from typing import Annotated, Literal

from annotated_types import Gt, Interval, MinLen, MultipleOf

from graspbook.core.configuration import Count, LearningRate, NonNegative, Positive, Replicates, Seed, configuration

Engine = Literal["bundled", "stable-diffusion"]


@configuration
class InpainterConfig:
    """What repaints the outlines of pasted objects.

    Attributes:
        dilate: how far an outline is widened to all sides, pixels at 640x960.
        denoising_steps: of the diffusion model (4 in the paper).
        strength: share of the noise levels to start from; at 1, from pure noise.
        engine: "bundled", the model of section `inpaint`, or "stable-diffusion", as in the paper.
        location: of Stable Diffusion: a folder or a hub name.
    """

    dilate: Positive
    denoising_steps: Count
    strength: Annotated[float, Interval(gt=0, le=1)]
    engine: Engine
    location: str | None

    def __post_init__(self) -> None:
        if (self.engine == "stable-diffusion") != (self.location is not None):
            raise ValueError("location must name the pipeline if, and only if, engine is 'stable-diffusion'")


@configuration
class InpaintModelConfig:
    """What the bundled model is made of; stored beside its weights.

    Attributes:
        channels: of each level of the U-Net; each level has half the resolution of the one before.
        layers: residual blocks per level.
        block: side of the square of pixels that becomes one place of the network, its pixels being channels. After
            as many seconds of training, 4 is as good as 2 and denoises in 18 instead of 31 ms (one core, 96x144).
        noise_levels: number of noise levels (T); level T - 1 is pure noise.
    """

    channels: Annotated[tuple[Annotated[int, Gt(0), MultipleOf(8)], ...], MinLen(1)]
    layers: Count
    block: Count
    noise_levels: Count


@configuration
class InpaintTrainConfig:
    """How the bundled model is trained.

    Attributes:
        seed: of batches, bands and noise.
        steps: to take.
        batch_size: crops per step.
        learning_rate: of Adam, at its highest; a short linear rise, then half a cosine down to zero.
        crop: side of a crop, pixels at 640x960 (smaller where the image is): outlines are few and far between, so a
            crop around one teaches as much as the whole image, in a third of the time.
        dilate: how wide bands are, pixels at 640x960: an outline dilated by 1 pixel to twice as much on all sides.
    """

    seed: Seed
    steps: Count
    batch_size: Count
    learning_rate: LearningRate
    crop: Positive
    dilate: Positive


@configuration
class RealismConfig:
    """How it is tested whether outlines look real.

    Attributes:
        seed: of the patches, the split, the training and the bootstrap.
        side: of a patch in pixels of the image: small, so that it shows the outline and little of what is around.
        per_image: at most as many patches of an image.
        test_fraction: share of the bins whose patches are tested on and never learned from.
        steps: of the classifier's training.
        batch_size: patches per step, half of them real.
        learning_rate: of Adam.
        replicates: bootstrap replicates over the test bins.
    """

    seed: Seed
    side: Count
    per_image: Count
    test_fraction: Annotated[float, Interval(gt=0, lt=1)]
    steps: Count
    batch_size: Annotated[int, Gt(0), MultipleOf(2)]
    learning_rate: LearningRate
    replicates: Replicates


@configuration
class InpaintConfig:
    """The engine "bundled", and how real outlines look after it.

    Attributes:
        seed: of the model's first weights, and of what is shown.
        n_scenes: unlabelled scenes to read, at most.
        n_realism: of them, so many are set apart for measuring.
        min_area: smallest label of what is pasted to be shown and measured, pixels at 640x960.
        model: what the model is made of.
        training: how it is trained.
        realism: how the outlines are judged.
    """

    seed: Seed
    n_scenes: Count
    n_realism: Count
    min_area: NonNegative
    model: InpaintModelConfig
    training: InpaintTrainConfig
    realism: RealismConfig
