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


class Residual(torch.nn.Module):
    """As the documentation of bvae::Residual has it."""

    def __init__(self, body, shortcut=torch.nn.Identity()):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.shortcut(x) + self.body(x)


def chain(tensors, name, shape, *layers, samples=3, parts=0):
    """Output and gradients of nn.Sequential(*layers); weights and inputs as in chain.hpp."""
    module = torch.nn.Sequential(*layers).double()
    with torch.no_grad():
        for i, parameter in enumerate(module.parameters()):
            parameter.copy_(formula(200 + i, parameter.shape))
    x = formula(100, (samples, *shape))
    if parts:
        x = (x * parts).floor() / parts
    x.requires_grad_()
    y = module(x)
    y.backward(formula(101, y.shape))
    tensors |= {f"{name}.y": y, f"{name}.dx": x.grad}
    tensors |= {f"{name}.{key}": parameter.grad for key, parameter in module.named_parameters()}


def image_layers(tensors):
    nn = torch.nn
    shape = (3, 7, 5)
    chain(tensors, "MaxPool2d", shape, nn.MaxPool2d(2))
    chain(tensors, "MaxPool2d_overlapping", shape, nn.MaxPool2d(3, 2, 1))
    chain(tensors, "MaxPool2d_ties", shape, nn.MaxPool2d(3, 1, 1), parts=2)
    chain(tensors, "MaxPool2d_wide", (17, 4, 3), nn.MaxPool2d(4, 2, 2))
    chain(tensors, "AvgPool2d", shape, nn.AvgPool2d(2))
    chain(tensors, "AvgPool2d_overlapping", shape, nn.AvgPool2d(3, 2, 1))
    chain(tensors, "AvgPool2d_wide", (17, 4, 3), nn.AvgPool2d(4, 2, 2))
    chain(tensors, "Upsample2d", shape, nn.Upsample(scale_factor=2, mode="nearest"))
    chain(tensors, "Upsample2d_wide", (17, 1, 2), nn.Upsample(scale_factor=3, mode="nearest"))
    # The pooling tells pixels apart, the last Linear too.
    unflatten = (nn.Tanh(), nn.LeakyReLU(), nn.Unflatten(1, (2, 3, 4)), nn.AvgPool2d(2, 1), nn.Flatten())
    chain(tensors, "Unflatten", (5,), nn.Linear(5, 24), *unflatten, nn.Linear(12, 3))


def residuals(tensors):
    nn = torch.nn
    linear, tanh = nn.Linear, nn.Tanh
    chain(tensors, "Residual", (6,), linear(6, 9), Residual(nn.Sequential(linear(9, 20), tanh(), linear(20, 9))))
    projected = Residual(nn.Sequential(linear(6, 20), tanh(), linear(20, 9)), nn.Sequential(linear(6, 9)))
    chain(tensors, "Residual_projected", (6,), projected, tanh(), linear(9, 2))
    inner = Residual(nn.Sequential(tanh(), linear(6, 6)))
    chain(tensors, "Residual_nested", (6,), Residual(nn.Sequential(linear(6, 6), inner, tanh())))
    # Features of an image, to which others are added; and an image inside.
    flat = Residual(nn.Sequential(linear(24, 7), tanh(), linear(7, 24), tanh()))
    chain(tensors, "Residual_of_image", (2, 3, 4), nn.Flatten(), flat, linear(24, 3))
    pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1), tanh(), nn.AvgPool2d(3, 1, 1))
    chain(tensors, "Residual_of_pooling", (2, 3, 4), Residual(pooled))
    # As the first block of a stage of a ResNet.
    body = nn.Sequential(nn.Conv2d(3, 5, 3, 2, 1), nn.ReLU(), nn.Conv2d(5, 5, 3, 1, 1))
    convolutional = Residual(body, nn.Sequential(nn.Conv2d(3, 5, 1, 2)))
    upwards = nn.Sequential(nn.Linear(5, 24), nn.Tanh(), nn.Unflatten(1, (3, 4, 2)), convolutional, nn.ReLU())
    chain(tensors, "Residual_convolutional", (5,), *upwards, nn.ConvTranspose2d(5, 2, 4, 2, 1))
    unflatten = nn.Sequential(linear(5, 24), nn.Unflatten(1, (2, 3, 4)), nn.AvgPool2d(2, 1), nn.Flatten())
    chain(tensors, "Residual_unflatten", (5,), Residual(unflatten, nn.Sequential(linear(5, 12), tanh())))


def orthogonal(tensors):
    """Q of the QR decomposition with the sign correction of torch.nn.init.orthogonal_."""
    for name, rows, columns in (("tall", 7, 4), ("wide", 4, 9), ("square", 20, 20)):
        flattened = formula(110, (rows, columns))
        q, r = torch.linalg.qr(flattened if rows >= columns else flattened.T)
        q = q * torch.sign(torch.diag(r))
        tensors[f"Orthogonal.{name}"] = q if rows >= columns else q.T


def state_dictionary(tensors):
    """A model's state dictionary, its code for some images and its output for some latents."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            unflatten = nn.Unflatten(1, (2, 3, 4))
            body = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 6))
            self.encoder = nn.Sequential(nn.MaxPool2d(2, 1), nn.Flatten(), nn.Linear(12, 6), Residual(body))
            self.latent = nn.Linear(6, 6)
            self.decoder = nn.Sequential(nn.Linear(3, 24), nn.Tanh(), unflatten, nn.AvgPool2d(3, 1, 1))

    model = Model().double()
    with torch.no_grad():
        for i, parameter in enumerate(model.parameters()):
            parameter.copy_(formula(200 + i, parameter.shape))
    tensors |= {f"Model.{key}": value for key, value in model.state_dict().items()}
    tensors["Code"] = model.latent(model.encoder(formula(100, (4, 2, 3, 4))))
    tensors["Decoded"] = model.decoder(formula(101, (4, 3)))


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
    image_layers(tensors)
    residuals(tensors)
    orthogonal(tensors)
    state_dictionary(tensors)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, folder / "layers.safetensors")


if __name__ == "__main__":
    main()
