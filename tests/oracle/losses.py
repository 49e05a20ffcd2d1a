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


def grey():
    return (formula(13, (SAMPLES, FEATURES)) + 1) / 2


def laplace(tensors):
    output = 2 * formula(12, (SAMPLES, FEATURES))
    output[1, :4] = grey()[1, :4]  # at the kink
    output.requires_grad_()
    values = -torch.distributions.Laplace(output, 0.4).log_prob(grey()).sum(1)  # with the constant
    values.mean().backward()
    tensors |= {"laplace.values": values, "laplace.gradient": output.grad}


def continuous_bernoulli(tensors):
    logits = 6 * formula(18, (SAMPLES, FEATURES))
    logits[1] = 0.1 * logits[1] + 0.3 * logits[1].sign()
    logits[3] = torch.tensor([0, 1e-6, 0.3, -0.3, 1, -1, 1.001, -1.001, 4, -4, 7, -7])
    logits = logits.float().double()
    tensors["continuous_bernoulli.logits"] = logits.clone()
    logits.requires_grad_()
    # PyTorch works on probabilities: near 1/2 and in the tails it has few digits (beyond logit 36 it clamps), and its
    # Taylor series has so few terms that we leave it less. There the test of the kernel compares with long double.
    distribution = torch.distributions.ContinuousBernoulli(logits=logits, lims=(0.4999, 0.5001))
    values = -distribution.log_prob(grey()).sum(1)
    values.mean().backward()
    tensors |= {
        "continuous_bernoulli.values": values,
        "continuous_bernoulli.gradient": logits.grad,
        "continuous_bernoulli.mean": distribution.mean,
    }


def gaussian_per_pixel(tensors):
    mean = (2 * formula(12, (SAMPLES, FEATURES))).requires_grad_()
    raw = (8 * formula(19, (SAMPLES, FEATURES)) - 2).requires_grad_()
    log_variance = -5 + torch.nn.functional.softplus(raw + 5)
    values = -torch.distributions.Normal(mean, (log_variance / 2).exp()).log_prob(grey()).sum(1)  # with the constant
    values.mean().backward()
    tensors |= {
        "gaussian_per_pixel.values": values,
        "gaussian_per_pixel.d_mean": mean.grad,
        "gaussian_per_pixel.d_log_variance": raw.grad,
    }


def sigma_vae(tensors):
    """As orybkin/sigma-vae-pytorch has it: a learned log sigma with its softclip, and the optimal sigma."""

    def nll(x, output, log_sigma):
        squares = 0.5 * torch.pow((x - output) / log_sigma.exp(), 2)
        return (squares + log_sigma + 0.5 * torch.log(torch.tensor(2 * torch.pi, dtype=torch.float64))).sum(1)

    for start in (0.3, -1.2, -7.0):
        output = (2 * formula(12, (SAMPLES, FEATURES))).requires_grad_()
        log_sigma = torch.full((1,), start, dtype=torch.float64, requires_grad=True)
        values = nll(grey(), output, -6 + torch.nn.functional.softplus(log_sigma + 6))
        values.mean().backward()
        tensors |= {
            f"learned_gaussian.{start}.values": values,
            f"learned_gaussian.{start}.gradient": output.grad,
            f"learned_gaussian.{start}.log_sigma": log_sigma.grad,
        }
    output = (2 * formula(12, (SAMPLES, FEATURES))).requires_grad_()
    value = nll(grey(), output, ((grey() - output) ** 2).mean().sqrt().log()).mean()
    value.backward()
    tensors |= {"optimal_gaussian.value": value.reshape(1), "optimal_gaussian.gradient": output.grad}


def entropy(tensors):
    x = grey()
    x[0, :2] = torch.tensor([0, 1])
    tensors["bernoulli.entropy"] = torch.distributions.Bernoulli(probs=x).entropy().sum(1)


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
    laplace(tensors)
    continuous_bernoulli(tensors)
    gaussian_per_pixel(tensors)
    sigma_vae(tensors)
    entropy(tensors)
    latent(tensors)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, folder / "losses.safetensors")


if __name__ == "__main__":
    main()
