#!/usr/bin/env python3
"""Writes what training a convolutional VAE with BatchNorm does in PyTorch, in double, with given noise.

    python tests/oracle/conv_vae.py OUTPUT_FOLDER

The MNIST example's `--model conv` with a BatchNorm before each activation. Data, noise and first weights come from formula(),
on both sides; of each tensor of parameters and running statistics some values are kept.

In float nobody follows 50 steps with ReLU: a value that is 0 but for rounding switches a unit on or off, and a weight
whose gradient is not far from epsilon (1e-9 and not 1e-8) takes a step of another length. One such weight of the 800 000
is there in the first step, and PyTorch's own float is off by 3e-2 after 50. So float has 50 steps with SiLU, and with ReLU
5 with a larger epsilon, before the first unit switches.

A bias just before a BatchNorm has no gradient but rounding either, which only a large epsilon keeps still. It moves the
running mean, so that is written without the running mean of the bias.
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file

from _formula import formula

BETA = 1.0
SAMPLES, BATCH, STEPS, LATENTS = 40, 16, 50, 20
CASES = {  # activation, epsilon, steps
    "relu": (torch.nn.ReLU, 1e-8, STEPS),
    "relu_5_steps": (torch.nn.ReLU, 1e-4, 5),
    "silu": (torch.nn.SiLU, 1e-8, STEPS),
    "silu_large_epsilon": (torch.nn.SiLU, 1e-2, STEPS),
}
# Layers whose bias drifts, and the BatchNorm behind each.
DRIFTING = {
    "encoder.0": "encoder.1",
    "encoder.3": "encoder.4",
    "encoder.7": "encoder.8",
    "decoder.0": "decoder.1",
    "decoder.7": "decoder.8",
}
STREAM_X, STREAM_STEP_NOISE, STREAM_WEIGHTS = 20, 22, 40


def conv_vae(activation):
    nn = torch.nn
    encoder = nn.Sequential(
        nn.Conv2d(1, 32, 4, 2, 1), nn.BatchNorm2d(32), activation(),
        nn.Conv2d(32, 32, 4, 2, 1), nn.BatchNorm2d(32), activation(),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 256), nn.BatchNorm1d(256), activation(),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(LATENTS, 256), nn.BatchNorm1d(256), activation(),
        nn.Linear(256, 32 * 7 * 7), nn.Unflatten(1, (32, 7, 7)), nn.BatchNorm2d(32), activation(),
        nn.ConvTranspose2d(32, 32, 4, 2, 1), nn.BatchNorm2d(32), activation(),
        nn.ConvTranspose2d(32, 1, 4, 2, 1),
    )  # fmt: skip
    return nn.ModuleDict({"encoder": encoder, "latent": nn.Linear(256, 2 * LATENTS), "decoder": decoder}).double()


def set_weights(model):
    """Weights of about Kaiming's size, a power of two; what BatchNorm multiplies with around 1."""
    with torch.no_grad():
        for i, (name, parameter) in enumerate(model.named_parameters()):
            values = formula(STREAM_WEIGHTS + i, parameter.shape)
            if parameter.dim() > 1:
                parameter.copy_(values * 2.0 ** -round((parameter[0].numel().bit_length() - 1) / 2))
            else:
                parameter.copy_(values * 0.25 + (1 if name.endswith("weight") else 0))


def losses(model, x, noise):
    mu, log_variance = model["latent"](model["encoder"](x)).chunk(2, dim=1)
    output = model["decoder"](mu + torch.exp(log_variance / 2) * noise)
    reconstruction = torch.nn.functional.binary_cross_entropy_with_logits(output, x, reduction="sum") / len(x)
    kl = (0.5 * (mu**2 + log_variance.exp() - log_variance - 1)).sum(1).mean()
    return torch.stack([reconstruction + BETA * kl, reconstruction, kl, kl])


def thinned(tensor):
    return tensor.detach().flatten()[:: 1 + tensor.numel() // 60].clone()


def run(activation, epsilon, steps):
    model = conv_vae(activation)
    set_weights(model)
    x = (formula(STREAM_X, (SAMPLES, 1, 28, 28)) + 1) / 2
    noise = 2 * formula(STREAM_STEP_NOISE, (STEPS, BATCH, LATENTS))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=epsilon, foreach=False)
    trace = []
    mean_of_bias = {norm: 0.0 for norm in DRIFTING.values()}
    for t in range(steps):
        for layer, norm in DRIFTING.items():
            bias = model.get_submodule(layer).bias.detach()
            mean_of_bias[norm] = mean_of_bias[norm] + 0.1 * (bias - mean_of_bias[norm])
        optimizer.zero_grad()
        parts = losses(model, x[[(7 * t + k) % SAMPLES for k in range(BATCH)]], noise[t])
        parts[0].backward()
        optimizer.step()
        trace.append(parts.detach())
    tensors = {"trace": torch.stack(trace)}
    state = model.state_dict()
    for norm, mean in mean_of_bias.items():
        state[f"{norm}.running_mean_without_bias"] = state.pop(f"{norm}.running_mean") - mean
    tensors |= {name: thinned(value.double()) for name, value in state.items()}
    model.eval()
    tensors["posterior"] = thinned(model["latent"](model["encoder"](x)))
    return tensors


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{case}.{key}": value for case, how in CASES.items() for key, value in run(*how).items()}
    save_file(tensors, folder / "conv_vae.safetensors")


if __name__ == "__main__":
    main()
