#!/usr/bin/env python3
"""Loads models that bvae::save wrote into PyTorch and compares the outputs.

    python tests/oracle/interop/load_saved_model.py FOLDER

FOLDER is one that save_model filled; run.sh does both.
"""

import pathlib
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file


class Vae(torch.nn.Module):
    def __init__(self, shape, hidden, latents, activation, dtype):
        super().__init__()
        features = shape[0] * shape[1] * shape[2]
        self.encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(features, hidden), activation())
        self.latent = torch.nn.Linear(hidden, 2 * latents)
        self.decoder = torch.nn.Sequential(
            torch.nn.Linear(latents, hidden), activation(), torch.nn.Linear(hidden, features)
        )
        self.to(dtype)


MODELS = {  # shape, hidden, latents, activation, type, allowed error
    "grey": ((1, 6, 5), 16, 3, torch.nn.ReLU, torch.float32, 1e-6),
    "color": ((3, 4, 5), 16, 4, torch.nn.SiLU, torch.float64, 1e-14),
}


def compare(folder, name):
    shape, hidden, latents, activation, dtype, allowed = MODELS[name]
    path = folder / f"{name}.safetensors"
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"format": "pt"}, file.metadata()
    model = Vae(shape, hidden, latents, activation, dtype)
    state = load_file(path)
    assert all(tensor.dtype == dtype for tensor in state.values())
    model.load_state_dict(state, strict=True)

    outputs = load_file(folder / f"{name}_outputs.safetensors")

    def image(key):
        channels, height, width = shape
        return outputs[key].reshape(-1, height, width, channels).permute(0, 3, 1, 2)

    with torch.no_grad():
        mu, log_variance = model.latent(model.encoder(image("x"))).chunk(2, dim=1)
        decoded = model.decoder(mu).reshape(-1, *shape)
    pairs = {
        "mu": (mu, outputs["mu"]),
        "log_variance": (log_variance, outputs["log_variance"]),
        "decoded": (decoded, image("decoded")),
        "probabilities": (decoded.sigmoid(), image("probabilities")),
    }
    good = True
    for key, (theirs, ours) in pairs.items():
        assert theirs.shape == ours.shape, (key, theirs.shape, ours.shape)
        error = ((theirs - ours).abs().max() / theirs.abs().max()).item()
        print(f"{name}: {key}: relative error {error:.2g}, allowed {allowed:.2g}")
        good &= error <= allowed
    return good


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    results = [compare(pathlib.Path(sys.argv[1]), name) for name in MODELS]
    sys.exit(0 if all(results) else "PyTorch computes something else with the saved models")
