"""The network as a program of its own: by `torch.export`, and from there to ONNX.

`torch.onnx` writes ONNX with the packages onnx and onnxscript; onnxruntime runs it without PyTorch. What is exported
is the network, from RGB in 0..1 to probabilities of the classes, embeddings and confidences on the
grid. Superpixels and clustering stay outside: they are no networks.
"""

from __future__ import annotations

import io
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graspbook.core.atomic import write_bytes
from graspbook.core.errors import InputError
from graspbook.joint.network import JointNetwork

OUTPUTS = ("probability", "embeddings", "confidence")


class Exported(nn.Module):
    """A network whose answer is a tuple of tensors, as other runtimes want it.

    Args:
        network: Network in evaluation mode.
    """

    def __init__(self, network: JointNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> tuple[Tensor, ...]:
        """Probability of each class, embeddings, and, if there is such a decoder, the confidence of being a centre.

        Args:
            images: RGB in 0..1, [b, 3, h, w].
        """
        outputs = self.network(images)
        both = outputs.classes.softmax(1), outputs.embeddings
        return both if outputs.centres is None else (*both, outputs.centres.sigmoid())


def export_program(network: JointNetwork, height: int, width: int) -> torch.export.ExportedProgram:
    """The network as a program for pictures of one size, one at a time.

    Args:
        network: Network in evaluation mode.
        height: Height of the pictures, pixels.
        width: Width of the pictures, pixels.
    """
    return torch.export.export(Exported(network).eval(), (torch.zeros(1, 3, height, width),))


def check_name(path: Path) -> None:
    """Refuse a name that does not say which format is wanted.

    Args:
        path: File to write.

    Raises:
        InputError: The suffix is neither .pt2 nor .onnx.
    """
    if path.suffix not in (".pt2", ".onnx"):
        raise InputError(f"{path}: expected a name that ends in .pt2 or .onnx")


def save_program(network: JointNetwork, height: int, width: int, path: Path) -> None:
    """Write the network as a file: `.pt2`, PyTorch's own form, or `.onnx`.

    Args:
        network: Network in evaluation mode.
        height: Height of the pictures, pixels.
        width: Width of the pictures, pixels.
        path: File to write; its suffix decides the format.

    Raises:
        InputError: The suffix is neither .pt2 nor .onnx, or the file cannot be written.
    """
    path = Path(path)
    check_name(path)
    program = export_program(network, height, width)
    # made in memory: PyTorch's own writing ends the process on a full disk, and leaves weights beside an ONNX file
    if path.suffix == ".pt2":
        buffer = io.BytesIO()
        torch.export.save(program, buffer)
        write_bytes(path, buffer.getvalue())
    else:
        names = OUTPUTS[: 2 if network.centre is None else 3]
        made = torch.onnx.export(program, (), dynamo=True, input_names=["images"], output_names=names, verbose=False)
        write_bytes(path, made.model_proto.SerializeToString())
