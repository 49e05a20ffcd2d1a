#!/usr/bin/env python3
"""Writes vgg.safetensors: taps of VGG-16 and VGG-19 with made-up weights and the gradient through them, in float32;
of grey images, and of small ones in colour for the first layers of VGG-16.

    python tests/oracle/vgg.py OUTPUT_FOLDER

Needs no torchvision: the layers are written out, with its names and numbers.
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file

from _formula import formula

VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
VGG19 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512, 0)
# Channels, images, taps.
CASES = {
    "Vgg16": (VGG16, (2, 1, 32, 32), (3, 8, 15, 22, 29, 30)),
    "Vgg19": (VGG19, (2, 1, 32, 32), (3, 8, 17, 26, 35, 36)),
    "Vgg16.color": (VGG16[:1], (2, 3, 4, 5), (1,)),
}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
KEPT = 97  # values kept of each tap, spread over it


def network(channels):
    layers, inputs = [], 3
    for c in channels:
        if c == 0:
            layers.append(torch.nn.MaxPool2d(2, 2))
        else:
            layers += [torch.nn.Conv2d(inputs, c, 3, padding=1), torch.nn.ReLU()]
            inputs = c
    features = torch.nn.Sequential(*layers).double()
    with torch.no_grad():
        for number, layer in enumerate(features):
            if isinstance(layer, torch.nn.Conv2d):
                scale = (6 / (9 * layer.in_channels)) ** 0.5
                # float32 numbers, so that both sides have the same weights.
                layer.weight.copy_((formula(10 * number, layer.weight.shape) * scale).float())
                layer.bias.copy_(formula(10 * number + 5, layer.bias.shape) / 8)
    return features


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    tensors = {}
    for name, (channels, shape, taps) in CASES.items():
        features = network(channels)
        images = ((formula(999, shape) + 1) / 2).requires_grad_()
        mean, deviation = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
        target = (formula(998, shape) + 1) / 2
        x, t = ((image.expand(-1, 3, -1, -1) - mean) / deviation for image in (images, target))
        total = 0
        for number, layer in enumerate(features):
            x, t = layer(x), layer(t)
            if number in taps:
                flat = x.flatten(1)
                kept = torch.arange(KEPT) * 7919 % flat.shape[1]
                tensors[f"{name}.{number}"] = flat[:, kept]
                tensors[f"{name}.{number}.sum"] = flat.sum(1)
                total = total + ((x - t) ** 2).flatten(1).sum(1) / flat.shape[1]
        total.sum().backward()
        tensors[f"{name}.values"] = total
        tensors[f"{name}.gradient"] = images.grad.flatten(1)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().float().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "vgg.safetensors")


if __name__ == "__main__":
    main()
