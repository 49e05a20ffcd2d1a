#!/usr/bin/env python3
"""Writes layers.safetensors: outputs and gradients of PyTorch's layers, in double.

    python tests/oracle/layers.py OUTPUT_FOLDER
"""

import pathlib
import sys

import numpy
import torch
from safetensors.torch import save_file

from _formula import formula

MAGNITUDES = (1e-4, 1e-3, 0.01, 0.1, 0.3, 0.5, 1, 1.5, 2, 3, 5, 7, 10, 15, 19.5, 20.5, 30, 80, 100, 1e4)
ACTIVATIONS = {
    "ReLU": torch.nn.ReLU(),
    "LeakyReLU": torch.nn.LeakyReLU(),
    "ELU": torch.nn.ELU(),
    "SiLU": torch.nn.SiLU(),
    "GELU": torch.nn.GELU(),
    # PyTorch's GELU has no digits left in the left tail; this form has all.
    "GELU_tail": lambda x: x * torch.special.erfc(-x / 2**0.5) / 2,
    "Tanh": torch.nn.Tanh(),
    "Sigmoid": torch.nn.Sigmoid(),
    "Softplus": torch.nn.Softplus(),
    # The default's switch to the identity at 20 costs 2e-9.
    "Softplus_exact": torch.nn.Softplus(threshold=500),
}


def linear(tensors):
    layer = torch.nn.Linear(7, 5, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(formula(1, (5, 7)))
        layer.bias.copy_(formula(2, (5,)))
    x = formula(3, (4, 7)).requires_grad_()
    y = layer(x)
    y.backward(formula(4, (4, 5)))
    tensors |= {"Linear.y": y, "Linear.dx": x.grad, "Linear.weight": layer.weight.grad, "Linear.bias": layer.bias.grad}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    points = numpy.array([sign * m for m in MAGNITUDES for sign in (1, -1)] + [0.0], dtype=numpy.float32)
    tensors = {"x": torch.from_numpy(points).double()}
    tensors["dy"] = formula(5, points.shape) + 1.5
    linear(tensors)
    for name, function in ACTIVATIONS.items():
        x = tensors["x"].clone().requires_grad_()
        y = function(x)
        y.backward(tensors["dy"])
        tensors |= {f"{name}.y": y, f"{name}.dx": x.grad}
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, folder / "layers.safetensors")


if __name__ == "__main__":
    main()
