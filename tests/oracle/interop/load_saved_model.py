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
    def __init__(self, encoder, code, latents, decoder, dtype):
        super().__init__()
        self.encoder = torch.nn.Sequential(*encoder)
        self.latent = torch.nn.Linear(code, 2 * latents)
        self.decoder = torch.nn.Sequential(*decoder)
        self.to(dtype)


class Residual(torch.nn.Module):
    """As the documentation of bvae::Residual has it."""

    def __init__(self, body, shortcut=torch.nn.Identity()):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.shortcut(x) + self.body(x)


class SharedLogSigma(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.log_sigma = torch.nn.Parameter(torch.full((1,), torch.nan))

    def forward(self, x):
        return x


def mlp(shape, hidden, latents, activation, dtype):
    nn = torch.nn
    features = shape[0] * shape[1] * shape[2]
    encoder = nn.Flatten(), nn.Linear(features, hidden), activation()
    decoder = nn.Linear(latents, hidden), activation(), nn.Linear(hidden, features)
    return Vae(encoder, hidden, latents, decoder, dtype)


def convolutional():
    nn = torch.nn
    spectral = torch.nn.utils.parametrizations.spectral_norm
    body = nn.Sequential(nn.Conv2d(5, 5, 3, 1, 1), nn.BatchNorm2d(5), nn.SiLU())
    encoder = (
        *(spectral(nn.Conv2d(2, 5, 4, 2, 1)), nn.BatchNorm2d(5), nn.ReLU(), Residual(body), nn.Flatten()),
        *(spectral(nn.Linear(5 * 4 * 3, 16)), nn.LayerNorm(16), nn.ReLU(), nn.Dropout(0.1)),
    )
    body = nn.Sequential(spectral(nn.ConvTranspose2d(4, 6, 3, 1, 1)), nn.GroupNorm(3, 6), nn.Tanh())
    decoder = (
        *(nn.Linear(3, 4 * 4 * 3), nn.BatchNorm1d(4 * 4 * 3), nn.ReLU(), nn.Unflatten(1, (4, 4, 3))),
        *(Residual(body, nn.Sequential(nn.Conv2d(4, 6, 1))), nn.ConvTranspose2d(6, 2, 4, 2, 1), SharedLogSigma()),
    )
    return Vae(encoder, 16, 3, decoder, torch.float32)


MODELS = {  # the same in PyTorch, shape of an image, what makes the mean of the decoder's output, allowed error
    "grey": (mlp((1, 6, 5), 16, 3, torch.nn.ReLU, torch.float32), (1, 6, 5), torch.sigmoid, 1e-6),
    "color": (mlp((3, 4, 5), 16, 4, torch.nn.SiLU, torch.float64), (3, 4, 5), torch.sigmoid, 1e-14),
    "convolutional": (convolutional(), (2, 8, 6), torch.nn.Identity(), 2e-6),
}


def compare(folder, name):
    model, shape, mean, allowed = MODELS[name]
    path = folder / f"{name}.safetensors"
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"format": "pt"}, file.metadata()
    state = load_file(path)
    expected = model.state_dict()
    for key, tensor in state.items():  # which load_state_dict would convert without a word
        assert tensor.dtype == expected[key].dtype, (key, tensor.dtype)
    model.load_state_dict(state, strict=True)
    model.eval()

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
        "mean": (mean(decoded), image("mean")),
    }
    for key, parameter in model.named_parameters():
        if key.endswith("log_sigma"):
            pairs["log_sigma"] = (parameter.expand(len(mu), 1), outputs["log_sigma"])
    # A step's statistics show that training was here: what a new model has would hide that nothing was saved.
    assert all(int(count) == 3 for key, count in state.items() if key.endswith("num_batches_tracked"))
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
