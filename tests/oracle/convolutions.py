#!/usr/bin/env python3
"""Writes convolutions.safetensors: outputs and gradients of PyTorch's convolutions, in double.

    python tests/oracle/convolutions.py OUTPUT_FOLDER
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file

from _formula import formula

SAMPLES = 3
# Input channels, height, width; output channels, kernel, stride, padding(, output padding): those of the test.
CONV = (
    (3, 7, 5, 5, 3, 2, 1),
    (1, 8, 6, 20, 4, 2, 1),
    (9, 9, 6, 20, 4, 2, 1),
    (8, 5, 7, 32, 3, 1, 0),
    (10, 8, 8, 17, 2, 3, 0),
    (16, 1, 3, 4, 1, 1, 0),
    (2, 3, 4, 3, 5, 4, 3),
)
TRANSPOSE = (
    (5, 4, 3, 3, 3, 2, 1, 1),
    (4, 4, 3, 1, 4, 2, 1, 0),
    (20, 4, 3, 9, 4, 2, 1, 0),
    (32, 3, 5, 8, 3, 1, 0, 0),
    (17, 2, 2, 10, 2, 3, 0, 1),
    (3, 2, 3, 16, 5, 3, 2, 2),
)


def case(tensors, name, layer, channels, height, width):
    with torch.no_grad():
        layer.weight.copy_(formula(1, layer.weight.shape))
        layer.bias.copy_(formula(2, layer.bias.shape))
    x = formula(3, (SAMPLES, channels, height, width)).requires_grad_()
    y = layer(x)
    y.backward(formula(4, y.shape))
    tensors |= {
        f"{name}.y": y,
        f"{name}.dx": x.grad,
        f"{name}.weight": layer.weight.grad,
        f"{name}.bias": layer.bias.grad,
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    tensors = {}
    for i, (channels, height, width, *sizes) in enumerate(CONV):
        layer = torch.nn.Conv2d(channels, *sizes, dtype=torch.float64)
        case(tensors, f"Conv2d.{i}", layer, channels, height, width)
    for i, (channels, height, width, *sizes) in enumerate(TRANSPOSE):
        layer = torch.nn.ConvTranspose2d(channels, *sizes, dtype=torch.float64)
        case(tensors, f"ConvTranspose2d.{i}", layer, channels, height, width)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "convolutions.safetensors")


if __name__ == "__main__":
    main()
