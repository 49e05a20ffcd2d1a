#!/usr/bin/env python3
"""Writes divergences.safetensors: the divergences by their formulas, in double, with PyTorch's gradients.

    python tests/oracle/divergences.py OUTPUT_FOLDER
"""

import math
import pathlib
import sys

import torch
from safetensors.torch import save_file

from _formula import formula

SAMPLES, LATENTS, DATA_SIZE = 19, 5, 1000
SPREAD = torch.tensor([2.0, 1.0, 0.5, 0.25, 0.125], dtype=torch.float64)
FREE_BITS = {"per_sample_and_latent": 0.1, "per_sample": 2.5, "mask_per_sample": 2.5, "mask_per_sample_and_latent": 0.5}
TOTALS = {"total": (0.5, 50.0), "mask_total": (0.5, 50.0)}  # below and above the KL

# The library's draws of Seed{7}, Stream::kPrior, step 3: the test looks whether they are.
PRIOR = [
    [0.482519388, -0.935129881, 0.0665034279],
    [-0.801518023, 1.8896327, 0.411762357],
    [0.241587579, 1.75221753, 0.393585652],
    [1.08389378, 1.4021281, -1.13641548],
    [0.598334014, -1.79726303, 0.644775331],
    [-1.15032804, 0.7905792, 0.00657630758],
    [-1.75786066, -0.599903405, 1.1063385],
    [0.566245019, -1.7655369, -1.40869939],
    [-0.441625834, 0.449696183, -2.38047385],
]


def posterior(samples=SAMPLES, latents=LATENTS):
    """mu, log_variance and z: multiples of 2^-20, so that floats have them too."""
    mu = SPREAD[:latents] * formula(60, (samples, latents))
    log_variance = 2 * SPREAD[:latents] * formula(61, (samples, latents))
    z = mu + formula(62, (samples, latents))
    return [x.clone().requires_grad_() for x in (mu, log_variance, z)]


def kl_of(mu, log_variance):
    return (mu**2 + log_variance.exp() - log_variance - 1) / 2


def add(tensors, name, value, inputs):
    value.backward()
    tensors[f"{name}.value"] = value
    for x, suffix in zip(inputs, ("d_mu", "d_log_variance", "d_z")):
        if x.grad is not None:
            tensors[f"{name}.{suffix}"] = x.grad


def free_bits(tensors):
    for name, floor in FREE_BITS.items():
        mu, log_variance, _ = inputs = posterior()
        kl = kl_of(mu, log_variance)
        if name in ("per_sample", "mask_per_sample"):
            kl = kl.sum(1, keepdim=True)
        limit = floor / LATENTS if name == "mask_per_sample_and_latent" else floor
        active = kl > limit
        assert 3 < int(active.sum()) < active.numel() - 3, (name, kl)
        value = kl * active.double() if "mask" in name else torch.clamp(kl, min=limit)
        add(tensors, f"kl.{name}", value.sum(1).mean(), inputs)
    for name, floors in TOTALS.items():
        for floor in floors:
            mu, log_variance, _ = inputs = posterior()
            kl = kl_of(mu, log_variance).sum(1).mean()
            assert (kl > floor) == (floor < 1)
            value = kl * (kl > floor).double() if "mask" in name else torch.clamp(kl, min=floor)
            add(tensors, f"kl.{name}.{floor}", value, inputs)


def capacity(tensors):
    for aim in (0.5, 50.0):
        mu, log_variance, _ = inputs = posterior()
        add(tensors, f"capacity.{aim}", 30 * (kl_of(mu, log_variance).sum(1).mean() - aim).abs(), inputs)


def log_normal(z, mu, log_variance):
    return -0.5 * (math.log(2 * math.pi) + log_variance + (z - mu) ** 2 * torch.exp(-log_variance))


def log_weights(estimator, batch, data_size):
    weights = torch.full((batch, batch), 1 / (batch * data_size), dtype=torch.float64)
    if estimator == "stratified":
        for i in range(batch):
            for j in range(batch):
                if i == j:
                    weights[i, j] = 1 / data_size
                elif j == (i + 1) % batch:
                    weights[i, j] = (data_size - batch + 1) / (data_size * (batch - 1))
                else:
                    weights[i, j] = 1 / (batch - 1)
        assert torch.allclose(weights.sum(1), torch.ones(batch, dtype=torch.float64))
    return weights.log()


def total_correlation(tensors):
    alpha, beta, gamma = 0.7, 5.0, 1.4
    for estimator in ("stratified", "weighted"):
        mu, log_variance, z = inputs = posterior()
        weights = log_weights(estimator, SAMPLES, DATA_SIZE)
        pairs = log_normal(z[:, None], mu[None], log_variance[None])  # z_i under q_j, [i, j, latent]
        joint = torch.logsumexp(weights + pairs.sum(2), 1)
        marginals = torch.logsumexp(weights[:, :, None] + pairs, 1).sum(1)
        conditional = log_normal(z, mu, log_variance).sum(1)
        prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)
        parts = [(conditional - joint).mean(), (joint - marginals).mean(), (marginals - prior).mean()]
        tensors[f"total_correlation.{estimator}.parts"] = torch.stack(parts)
        add(tensors, f"total_correlation.{estimator}", alpha * parts[0] + beta * parts[1] + gamma * parts[2], inputs)


def dip_vae(tensors):
    for kind in ("i", "ii"):
        mu, log_variance, _ = inputs = posterior()
        centred = mu - mu.mean(0)
        covariance = centred.T @ centred / SAMPLES
        if kind == "ii":
            covariance = covariance + torch.diag(log_variance.exp().mean(0))
        diagonal = torch.diagonal(covariance)
        off_diagonal = covariance - torch.diag(diagonal)
        penalty = 3 * (off_diagonal**2).sum() + 7 * ((diagonal - 1) ** 2).sum()
        tensors[f"dip_vae.{kind}.penalty"] = penalty
        add(tensors, f"dip_vae.{kind}", kl_of(mu, log_variance).sum(1).mean() + penalty, inputs)


def mmd(tensors):
    prior = torch.tensor(PRIOR, dtype=torch.float32).double()
    tensors["mmd.prior"] = prior
    samples, latents = prior.shape
    scale = 2 * latents * 0.8**2

    def mean_kernel(kind, x, y):
        distance = ((x[:, None] - y[None]) ** 2).sum(2)
        return (torch.exp(-distance / scale) if kind == "rbf" else scale / (scale + distance)).mean()

    for kind in ("rbf", "inverse_multiquadratic"):
        mu, log_variance, z = inputs = posterior(samples, latents)
        value = mean_kernel(kind, z, z) + mean_kernel(kind, prior, prior) - 2 * mean_kernel(kind, z, prior)
        tensors[f"mmd.{kind}.mmd"] = value
        add(tensors, f"mmd.{kind}", 0.3 * kl_of(mu, log_variance).sum(1).mean() + 40 * value, inputs)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    tensors = {}
    for make in (free_bits, capacity, total_correlation, dip_vae, mmd):
        make(tensors)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: tensor.detach().contiguous() for name, tensor in tensors.items()}, folder / "divergences.safetensors"
    )


if __name__ == "__main__":
    main()
