#!/usr/bin/env python3
"""PyTorch's side of compare.py: python torch_worker.py MODEL MODE THREADS IMAGES

MODEL is mlp or burgess. MODE is eager (Adam as it comes), fused (Adam with fused=True), compile (model and loss through
torch.compile, fused Adam) or autotune (the same with mode="max-autotune"); "-channels-last" after any of them is the
same with images and weights in that memory format. IMAGES is an IDX file of bytes. Reads commands from standard input
and answers each with a line of JSON:

    about              PyTorch's version and vector instructions; the operations a sample, counted by PyTorch
    round BATCH SEED   trains a new model for two epochs and tells of the second
    load FILE          loads a model that bvae saved and tells its loss and KL on all images
"""

import collections
import json
import pathlib
import sys
import time

import safetensors.torch
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode


class Vae(nn.Module):
    """Gives the loss and, to be looked at, the KL: sums over pixels and latents, means over the batch."""

    def __init__(self, encoder, latent, decoder):
        super().__init__()
        self.encoder = encoder
        self.latent = latent
        self.decoder = decoder

    def forward(self, x):
        mu, log_variance = self.latent(self.encoder(x)).chunk(2, dim=1)
        z = mu + torch.exp(0.5 * log_variance) * torch.randn_like(mu)
        logits = self.decoder(z)
        reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum") / x.shape[0]
        kl = -0.5 * (1 + log_variance - mu.square() - log_variance.exp()).sum() / x.shape[0]
        return reconstruction + kl, kl.detach()


def mlp():
    # Numbered as in bvae, where Flatten is 0; the images are flat already.
    encoder = nn.Sequential(collections.OrderedDict({"1": nn.Linear(784, 400), "2": nn.ReLU()}))
    return Vae(encoder, nn.Linear(400, 40), nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784)))


def burgess():
    def chain(layer, sizes, *arguments):
        return [part for pair in zip(sizes, sizes[1:]) for part in (layer(*pair, *arguments), nn.ReLU())]

    convolution = (4, 2, 1)  # kernel, stride, padding
    encoder = chain(nn.Conv2d, (1, 32, 32, 32, 32), *convolution)
    encoder += [nn.Flatten(), *chain(nn.Linear, (512, 256, 256))]
    decoder = [*chain(nn.Linear, (10, 256, 256, 512)), nn.Unflatten(1, (32, 4, 4))]
    decoder += chain(nn.ConvTranspose2d, (32, 32, 32, 32, 1), *convolution)[:-1]
    return Vae(nn.Sequential(*encoder), nn.Linear(256, 20), nn.Sequential(*decoder))


MODELS = {"mlp": (mlp, (784,)), "burgess": (burgess, (1, 64, 64))}  # and the shape of an image


class Worker:
    def __init__(self, model, mode, images):
        # A whole epoch as floats in the memory, each batch a view of it: nothing is faster for PyTorch.
        pixels = torch.frombuffer(bytearray(pathlib.Path(images).read_bytes()[16:]), dtype=torch.uint8)
        self.make, shape = MODELS[model]
        self.images = pixels.reshape(-1, *shape).float() / 255
        self.model = self.make()
        mode, _, layout = mode.partition("-")
        if layout:
            self.images = self.images.to(memory_format=torch.channels_last)
            self.model = self.model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=None if mode == "eager" else True)
        self.loss = {
            "eager": lambda: self.model,
            "fused": lambda: self.model,
            "compile": lambda: torch.compile(self.model, dynamic=False, fullgraph=True),
            "autotune": lambda: torch.compile(self.model, dynamic=False, fullgraph=True, mode="max-autotune"),
        }[mode]()

    def about(self):
        with FlopCounterMode(display=False) as counter:
            self.model(self.images[:8])[0].backward()
        self.optimizer.zero_grad(set_to_none=True)
        return {
            "torch": torch.__version__,
            "capability": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "flops_per_sample": counter.get_total_flops() / 8,
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
        }

    def epoch(self, batch):
        outputs = []
        for first in range(0, len(self.images), batch):
            self.optimizer.zero_grad(set_to_none=True)
            loss, kl = self.loss(self.images[first : first + batch])
            loss.backward()
            self.optimizer.step()
            outputs.append((loss.detach(), kl))
        return outputs

    def round(self, batch, seed):
        # A new model in the memory of the old one, so that nothing is compiled anew.
        torch.manual_seed(seed)
        self.model.load_state_dict(self.make().state_dict())
        self.optimizer.state.clear()
        self.epoch(batch)
        start = time.perf_counter()
        outputs = self.epoch(batch)
        seconds = time.perf_counter() - start
        loss, kl = (torch.stack(values).mean().item() for values in zip(*outputs))
        return {"seconds": seconds, "samples": len(self.images), "loss": loss, "kl": kl}

    def load(self, file):
        self.model.load_state_dict(safetensors.torch.load_file(file))
        with torch.no_grad():
            loss, kl = self.model(self.images)
        return {"loss": loss.item(), "kl": kl.item()}


def main(model, mode, threads, images):
    torch.set_num_threads(int(threads))
    worker = Worker(model, mode, images)
    for line in sys.stdin:
        command, _, rest = line.rstrip("\n").partition(" ")
        if command == "load":
            answer = worker.load(rest)
        else:
            answer = {"about": worker.about, "round": worker.round}[command](*map(int, rest.split()))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
