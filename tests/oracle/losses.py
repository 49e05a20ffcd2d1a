#!/usr/bin/env python3
"""Writes losses.safetensors: likelihoods, KL with free bits and the reparameterised sample by PyTorch, in double.

    python tests/oracle/losses.py OUTPUT_FOLDER
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file

from _formula import formula

SAMPLES, FEATURES, LATENTS = 5, 12, 6
FREE_BITS = (0.0, 0.2, 1.0)


def bernoulli(tensors):
    logits = 4 * formula(10, (SAMPLES, FEATURES))
    target = (formula(11, (SAMPLES, FEATURES)) + 1) / 2  # grey
    extreme = torch.tensor([1e4, -1e4, 1e4, -1e4, 100, -100, 100, -100, 30, -30, 0, 1e-4], dtype=torch.float64)
    logits[1] = extreme.float().double()
    target[1] = torch.tensor([1, 0, 0.25, 0.25, 1, 0, 0, 1, 0.5, 0.5, 0.5, 1])
    target[2] = (target[2] > 0.5).double()
    tensors |= {"bernoulli.logits": logits, "bernoulli.target": target}
    logits = logits.clone().requires_grad_()
    values = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1)
    values.mean().backward()
    tensors |= {"bernoulli.values": values, "bernoulli.gradient": logits.grad}


def gaussian(tensors):
    for sigma in (1.0, 0.3):
        output = (2 * formula(12, (SAMPLES, FEATURES))).requires_grad_()
        target = (formula(13, (SAMPLES, FEATURES)) + 1) / 2
        values = -torch.distributions.Normal(output, sigma).log_prob(target).sum(1)  # with the constant
        values.mean().backward()
        tensors |= {f"gaussian.{sigma}.values": values, f"gaussian.{sigma}.gradient": output.grad}


def latent(tensors):
    spread = torch.tensor([2.0, 1.0, 0.5, 0.25, 0.125, 0.0625], dtype=torch.float64)  # some KL below, some above the floor
    mu0, log_variance0 = spread * formula(14, (SAMPLES, LATENTS)), 2 * spread * formula(15, (SAMPLES, LATENTS))
    noise = 2 * formula(16, (SAMPLES, LATENTS))
    mu, log_variance = mu0.clone().requires_grad_(), log_variance0.clone().requires_grad_()
    z = torch.distributions.Normal(mu, (log_variance / 2).exp())
    z = z.loc + z.scale * noise
    z.backward(formula(17, (SAMPLES, LATENTS)))
    tensors |= {"sample.z": z, "sample.d_mu": mu.grad, "sample.d_log_variance": log_variance.grad}
    for free_bits in FREE_BITS:
        mu, log_variance = mu0.clone().requires_grad_(), log_variance0.clone().requires_grad_()
        q = torch.distributions.Normal(mu, (log_variance / 2).exp())
        prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
        kl = torch.distributions.kl_divergence(q, prior).mean(0)
        value = torch.clamp(kl, min=free_bits).sum()
        value.backward()
        tensors |= {
            f"kl.{free_bits}.per_latent": kl,
            f"kl.{free_bits}.value": value,
            f"kl.{free_bits}.d_mu": mu.grad,
            f"kl.{free_bits}.d_log_variance": log_variance.grad,
        }
        active = int((kl > free_bits).sum())
        assert active == LATENTS if free_bits == 0 else 0 < active < LATENTS, (free_bits, kl)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    tensors = {}
    bernoulli(tensors)
    gaussian(tensors)
    latent(tensors)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, folder / "losses.safetensors")


if __name__ == "__main__":
    main()
