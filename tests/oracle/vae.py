#!/usr/bin/env python3
"""Writes what whole VAEs do in PyTorch, in double: outputs, losses, gradients and training with given noise.

    python tests/oracle/vae.py OUTPUT_FOLDER

vae_NAME_state.safetensors is a state dictionary just as PyTorch users save it, vae_NAME.safetensors the rest. Data,
noise and first weights come from formula(), on both sides.
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file

from _formula import formula

BETA = 4.0
SAMPLES = 10
STEPS = 50
STREAM_X, STREAM_NOISE, STREAM_STEP_NOISE, STREAM_WEIGHTS = 20, 21, 22, 30

CASES = {  # likelihood, sigma, free bits
    "bernoulli": ("bernoulli", None, 0.0),
    "bernoulli_free_bits": ("bernoulli", None, 0.2),
    "gaussian": ("gaussian", 1.0, 0.0),
    "gaussian_free_bits": ("gaussian", 0.5, 0.2),
}


class Vae(torch.nn.Module):
    def __init__(self, shape, hidden, latents, activation):
        super().__init__()
        features = shape[0] * shape[1] * shape[2]
        self.encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(features, hidden), activation())
        self.latent = torch.nn.Linear(hidden, 2 * latents)
        self.decoder = torch.nn.Sequential(
            torch.nn.Linear(latents, hidden), activation(), torch.nn.Linear(hidden, features)
        )
        self.double()

    def encode(self, x):
        return self.latent(self.encoder(x)).chunk(2, dim=1)

    def set_weights(self, scales):
        with torch.no_grad():
            for i, (parameter, scale) in enumerate(zip(self.parameters(), scales, strict=True)):
                parameter.copy_(scale * formula(STREAM_WEIGHTS + i, parameter.shape))


def losses(model, x, noise, case):
    likelihood, sigma, free_bits = CASES[case]
    mu, log_variance = model.encode(x)
    output = model.decoder(mu + torch.exp(log_variance / 2) * noise)
    target = x.flatten(1)
    if likelihood == "bernoulli":
        loss = torch.nn.functional.binary_cross_entropy_with_logits(output, target, reduction="sum")
    else:
        loss = ((output - target) ** 2).sum() / (2 * sigma**2)
    reconstruction = loss / len(x)
    kl = (0.5 * (mu**2 + log_variance.exp() - log_variance - 1)).mean(0)
    divergence = torch.clamp(kl, min=free_bits).sum()
    return reconstruction + BETA * divergence, reconstruction, divergence, kl


def run(model, x, noise, step_noise, case, make_optimizer, steps):
    """The losses of each step; batches of 3, 4 and 5 samples that wrap around the data."""
    optimizer = make_optimizer(model.parameters())
    trace = []
    for t in range(steps):
        batch = [(3 * t + k) % SAMPLES for k in range(3 + t % 3)]
        optimizer.zero_grad()
        objective, reconstruction, divergence, kl = losses(model, x[batch], step_noise[t, : len(batch)], case)
        objective.backward()
        optimizer.step()
        trace.append(torch.stack([objective, reconstruction, divergence, kl.sum()]).detach())
    return torch.stack(trace)


OPTIMIZERS = {
    "adam": (lambda p: torch.optim.Adam(p, lr=0.01, foreach=False), STEPS),
    "adam_w": (lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1, foreach=False), 10),
    "sgd": (lambda p: torch.optim.SGD(p, lr=0.002, momentum=0.9, foreach=False), 10),
}


def small(folder, name, shape, hidden, latents, activation, scales, trainings):
    model = Vae(shape, hidden, latents, activation)
    model.set_weights(scales)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    save_file({key: value.float() for key, value in state.items()}, folder / f"vae_{name}_state.safetensors")

    x = (formula(STREAM_X, (SAMPLES, *shape)) + 1) / 2
    noise = 2 * formula(STREAM_NOISE, (SAMPLES, latents))
    step_noise = 2 * formula(STREAM_STEP_NOISE, (STEPS, 5, latents))
    mu, log_variance = model.encode(x)
    tensors = {"mu": mu, "log_variance": log_variance, "decoded": model.decoder(mu)}
    tensors["decoded"] = tensors["decoded"].reshape(SAMPLES, *shape)
    for case in CASES:
        model.load_state_dict(state)
        model.zero_grad()
        objective, reconstruction, divergence, kl = losses(model, x, noise, case)
        objective.backward()
        if CASES[case][2] > 0:
            assert 0 < int((kl > CASES[case][2]).sum()) < latents, kl
        tensors[f"{case}.losses"] = torch.stack([objective, reconstruction, divergence, kl.sum()])
        tensors |= {f"{case}.gradient.{key}": p.grad.clone() for key, p in model.named_parameters()}
    for case, optimizer in trainings:
        model.load_state_dict(state)
        make, steps = OPTIMIZERS[optimizer]
        tensors[f"trace.{case}.{optimizer}"] = run(model, x, noise, step_noise, case, make, steps)
        tensors |= {f"{case}.{optimizer}.{key}": p.clone() for key, p in model.named_parameters()}
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, folder / f"vae_{name}.safetensors")


def mnist_sized(folder):
    """784-400-20: only some of its numbers are kept."""
    model = Vae((1, 28, 28), 400, 20, torch.nn.ReLU)
    model.set_weights([2**-4, 2**-4, 2**-4, 2**-4, 2**-2, 2**-4, 2**-4, 2**-4])
    x = (formula(STREAM_X, (SAMPLES, 1, 28, 28)) + 1) / 2
    noise = 2 * formula(STREAM_NOISE, (SAMPLES, 20))
    step_noise = 2 * formula(STREAM_STEP_NOISE, (5, 5, 20))
    tensors = dict(zip(("mu", "log_variance"), model.encode(x)))
    objective, reconstruction, divergence, kl = losses(model, x, noise, "bernoulli")
    objective.backward()
    tensors["losses"] = torch.stack([objective, reconstruction, divergence, kl.sum()])
    for key, parameter in model.named_parameters():
        tensors[f"gradient.{key}"] = parameter.grad.flatten()[:: 1 + parameter.numel() // 400].clone()
    make = lambda p: torch.optim.Adam(p, lr=0.001, foreach=False)
    tensors["adam.trace"] = run(model, x, noise, step_noise, "bernoulli", make, 5)
    for key, parameter in model.named_parameters():
        tensors[f"adam.{key}"] = parameter.flatten()[:: 1 + parameter.numel() // 400].clone()
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, folder / "vae_mnist_sized.safetensors")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    half, quarter = 0.5, 0.25
    small(folder, "grey", (1, 6, 5), 16, 3, torch.nn.ReLU, [half, half, half, half, 1, half, half, half],
          [(case, "adam") for case in CASES] + [("bernoulli_free_bits", "adam_w"), ("bernoulli_free_bits", "sgd")])  # fmt: skip
    small(folder, "color", (3, 4, 5), 16, 4, torch.nn.SiLU, [quarter, half, half, quarter, 1, half, half, half],
          [("bernoulli", "adam"), ("gaussian_free_bits", "adam"), ("gaussian", "sgd")])  # fmt: skip
    mnist_sized(folder)


if __name__ == "__main__":
    main()
