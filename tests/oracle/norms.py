#!/usr/bin/env python3
"""Writes norms.safetensors: PyTorch's normalisations in double, before, in and after some steps of gradient descent; and
norms_state.safetensors, the state dictionary of a VAE with all of them.

    python tests/oracle/norms.py OUTPUT_FOLDER
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch.nn.utils.parametrizations import spectral_norm

from _formula import formula

SAMPLES = 11
STEPS = 4
LEARNING_RATE = 0.05


def cases():
    nn = torch.nn
    yield "batch_features", (5,), SAMPLES, nn.BatchNorm1d(5)
    yield "batch_wide", (37,), 35, nn.BatchNorm1d(37)
    yield "batch_image", (3, 4, 5), SAMPLES, nn.BatchNorm2d(3)
    yield "batch_channels", (18, 2, 1), 21, nn.BatchNorm2d(18)
    yield "layer_features", (7,), SAMPLES, nn.LayerNorm(7)
    yield "layer_wide", (35,), 21, nn.LayerNorm(35)
    yield "layer_image", (3, 4, 5), 21, nn.LayerNorm((3, 4, 5))
    yield "group_features", (6,), 21, nn.GroupNorm(2, 6)
    yield "group_image", (4, 3, 5), 21, nn.GroupNorm(2, 4)
    yield "group_channels", (18, 2, 1), SAMPLES, nn.GroupNorm(3, 18)
    yield "spectral_small", (7,), SAMPLES, spectral_norm(nn.Linear(7, 5, dtype=torch.float64))
    yield "spectral_wide", (20,), 21, spectral_norm(nn.Linear(20, 33, dtype=torch.float64))
    double = {"dtype": torch.float64}
    yield "spectral_conv", (3, 7, 6), 9, spectral_norm(nn.Conv2d(3, 5, 3, stride=2, padding=1, **double))
    yield "spectral_wide_conv", (2, 4, 3), 9, spectral_norm(nn.Conv2d(2, 18, 2, **double))
    yield "spectral_transposed", (5, 3, 4), 9, spectral_norm(nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1, **double))
    yield "spectral_wide_transposed", (18, 2, 3), 9, spectral_norm(nn.ConvTranspose2d(18, 2, 2, **double))
    yield "chain", (2, 3, 4), 21, nn.Sequential(
        nn.BatchNorm2d(2),
        nn.GroupNorm(1, 2),
        nn.Flatten(),
        spectral_norm(nn.Linear(24, 10, dtype=torch.float64)),
        nn.LayerNorm(10),
        nn.Tanh(),
        nn.Linear(10, 19),
        nn.BatchNorm1d(19),
        nn.Tanh(),
        nn.Linear(19, 4),
    )


def change(module, stream):
    """Makes the affine parameters and the running statistics unequal."""
    with torch.no_grad():
        for i, tensor in enumerate(list(module.parameters()) + list(module.buffers())):
            if tensor.dim() == 1 or module.__class__.__name__.endswith("Norm"):
                tensor += 0.3 * formula(stream + i, tensor.shape)


def put(tensors, prefix, state):
    tensors |= {f"{prefix}.{name}": tensor.clone() for name, tensor in state.items()}


def run(tensors, name, shape, samples, module):
    module = (module if isinstance(module, torch.nn.Sequential) else torch.nn.Sequential(module)).double()
    for i, layer in enumerate(module):
        if "Norm" in layer.__class__.__name__:
            change(layer, 50 + 4 * i)
    put(tensors, f"{name}.before", module.state_dict())
    module.train()
    for step in range(STEPS):
        x = (2 * formula(10 + step, (samples, *shape)) + 0.5 + step).requires_grad_()
        module.zero_grad()
        y = module(x)
        y.backward(formula(20 + step, y.shape))
        with torch.no_grad():
            for parameter in module.parameters():
                parameter -= LEARNING_RATE * parameter.grad
    gradients = {n: p.grad for n, p in module.named_parameters()}
    put(tensors, f"{name}.gradient", gradients)
    put(tensors, f"{name}.after", module.state_dict())
    tensors |= {f"{name}.y": y, f"{name}.dx": x.grad}
    module.eval()
    tensors[f"{name}.evaluated"] = module(x)


class Vae(torch.nn.Module):
    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.encoder = nn.Sequential(
            nn.BatchNorm2d(3), nn.LayerNorm((3, 2, 4)), nn.GroupNorm(3, 3), nn.Flatten(), nn.LayerNorm(24),
            spectral_norm(nn.Linear(24, 24)), nn.BatchNorm1d(24), nn.ReLU(),
        )  # fmt: skip
        self.latent = nn.Linear(24, 4)
        self.decoder = nn.Sequential(
            nn.Linear(2, 24), nn.BatchNorm1d(24), nn.ReLU(), spectral_norm(nn.Linear(24, 24)), nn.BatchNorm1d(24),
        )  # fmt: skip


def vae(tensors):
    model = Vae().double()
    for i, layer in enumerate([*model.encoder, *model.decoder]):
        if "Norm" in layer.__class__.__name__:
            change(layer, 150 + 5 * i)
    model.train()
    for step in range(3):
        model.decoder(model.latent(model.encoder(formula(10 + step, (9, 3, 2, 4))))[:, :2])
    model.eval()
    head = model.latent(model.encoder(formula(30, (6, 3, 2, 4))))
    tensors |= {"vae.mu": head[:, :2], "vae.decoded": model.decoder(formula(31, (6, 2)))}
    return model.state_dict()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    tensors = {}
    for name, shape, samples, module in cases():
        run(tensors, name, shape, samples, module)
    state = vae(tensors)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in (("norms", tensors), ("norms_state", state)):
        save_file({k: v.detach().contiguous() for k, v in values.items()}, folder / f"{name}.safetensors")


if __name__ == "__main__":
    main()
