#!/usr/bin/env python3
"""Writes perceptual.safetensors: perceptual loss and softmax cross-entropy of PyTorch, in double.

    python tests/oracle/perceptual.py OUTPUT_FOLDER
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file

from _formula import formula

SAMPLES, HEIGHT, WIDTH = 3, 6, 5
TAPS = {1: 1.5, 3: 0.25}
PIXEL_WEIGHT = 0.5


def filled(*layers):
    features = torch.nn.Sequential(*layers).double().eval()
    with torch.no_grad():
        for i, parameter in enumerate(features.parameters()):
            parameter.copy_(formula(1 + i, parameter.shape))
    return features


def taps_of(features, wanted, image):
    found = []
    for i, layer in enumerate(features):
        image = layer(image)
        if i in wanted:
            found.append(image)
    return found


def perceptual(tensors):
    nn = torch.nn
    features = filled(nn.Conv2d(1, 4, 3, 1, 1), nn.Tanh(), nn.Conv2d(4, 9, 3, 2, 1), nn.ReLU())

    def taps(image):
        return taps_of(features, TAPS, image)

    target = (formula(10, (SAMPLES, 1, HEIGHT, WIDTH)) + 1) / 2
    for name, mean, pixel in (
        ("Bernoulli", torch.sigmoid, lambda y: torch.nn.functional.binary_cross_entropy_with_logits(y, target, reduction="none")),
        ("Gaussian", lambda y: y, lambda y: (y - target) ** 2 / 2),
    ):
        output = (2 * formula(11, target.shape)).requires_grad_()
        values = PIXEL_WEIGHT * pixel(output).flatten(1).sum(1)
        for weight, a, b in zip(TAPS.values(), taps(target), taps(mean(output))):
            values = values + weight / 2 * ((a - b) ** 2).flatten(1).sum(1)
        values.sum().backward()
        tensors |= {f"{name}.values": values, f"{name}.gradient": output.grad}


def normalized(tensors):
    """The features have BatchNorm, whose statistics are constants in evaluation; no pixel term."""
    nn = torch.nn
    features = filled(nn.Conv2d(1, 4, 3, 1, 1), nn.BatchNorm2d(4), nn.Tanh(), nn.Conv2d(4, 9, 3, 2, 1), nn.BatchNorm2d(9))
    with torch.no_grad():
        for i, norm in enumerate((features[1], features[4])):
            norm.running_mean.copy_(formula(30 + 2 * i, norm.running_mean.shape))
            norm.running_var.copy_(1.5 + formula(31 + 2 * i, norm.running_var.shape))
    target = formula(10, (SAMPLES, 1, HEIGHT, WIDTH))
    output = formula(11, target.shape).requires_grad_()
    values = sum(
        1 / 2 * ((a - b) ** 2).flatten(1).sum(1)
        for a, b in zip(taps_of(features, (1, 4), target), taps_of(features, (1, 4), output))
    )
    values.sum().backward()
    tensors |= {"normalized.values": values, "normalized.gradient": output.grad}


def softmax(tensors):
    logits = (20 * formula(20, (4, 6))).requires_grad_()
    values = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 5, 2, 2]), reduction="none")
    values.sum().backward()
    tensors |= {"softmax.values": values, "softmax.gradient": logits.grad}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    tensors = {}
    perceptual(tensors)
    normalized(tensors)
    softmax(tensors)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "perceptual.safetensors")


if __name__ == "__main__":
    main()
