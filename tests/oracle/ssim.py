#!/usr/bin/env python3
"""Writes ssim.safetensors: SSIM and MS-SSIM written in PyTorch's operations, values and gradients in double.

    python tests/oracle/ssim.py OUTPUT_FOLDER
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch.nn.functional import avg_pool2d, conv2d

from _formula import formula

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def window(channels, dtype):
    k = torch.arange(11, dtype=dtype) - 5
    one = torch.exp(-(k**2) / (2 * 1.5**2))
    one = one / one.sum()
    return torch.outer(one, one).expand(channels, 1, 11, 11)


def parts(x, y):
    """The means over windows and channels of SSIM and of its second factor, for each sample."""
    channels = x.shape[1]
    weights = window(channels, x.dtype)

    def mean(image):
        return conv2d(image, weights, groups=channels)

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    cs = (2 * cov + c2) / (vx + vy + c2)
    ssim = (2 * mx * my + c1) / (mx**2 + my**2 + c1) * cs
    return ssim.flatten(1).mean(1), cs.flatten(1).mean(1)


def ms_ssim(x, y, scales):
    weights = torch.tensor(SCALE_WEIGHTS[:scales], dtype=torch.float64)
    weights = (weights / weights.sum()).tolist()
    value = 1
    for scale, weight in enumerate(weights):
        ssim, cs = parts(x, y)
        value = value * (ssim if scale == scales - 1 else cs).clamp(min=1e-3) ** weight
        x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    return value


def images(shape):
    """Targets, and decoder outputs that look like them. The last sample's fine details are the opposite of the
    target's, its coarse ones are not: the structure is negative at the finest scale alone."""
    target = (formula(1, shape) + 1) / 2
    output = 2 * (2 * target - 1) + formula(2, shape)
    fine, blocks = formula(1, shape)[-1], formula(3, shape)[-1]
    coarse = blocks[:, ::4, ::4].repeat_interleave(4, 1).repeat_interleave(4, 2)[:, : shape[2], : shape[3]]
    target[-1] = 0.5 + (coarse + fine) / 4
    output[-1] = coarse - 1.25 * fine
    return target, output


def add(tensors, name, output, values, every=5):
    values.sum().backward()
    gradient = output.grad.flatten()[::every].clone()
    tensors |= {f"{name}.values": values.detach(), f"{name}.gradient": gradient}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    tensors = {}
    for name, shape in {"color": (3, 3, 14, 17), "grey": (4, 1, 28, 28), "smallest": (3, 2, 11, 11)}.items():
        target, output = images(shape)
        output.requires_grad_()
        values = target[0].numel() * (1 - parts(target, torch.sigmoid(output))[0])
        add(tensors, f"ssim.{name}", output, values)

    # Beside a pixel term, on images.
    target, _ = images((3, 3, 14, 17))
    output = ((3 * target + (formula(4, target.shape) + 1) / 2) / 4).requires_grad_()
    error = (output - target).abs().flatten(1).sum(1)
    add(tensors, "mixed", output, 0.84 * target[0].numel() * (1 - parts(target, output)[0]) + 0.16 * error)

    for scales, shape in {2: (3, 2, 22, 25), 3: (3, 1, 45, 47), 5: (2, 1, 176, 179)}.items():
        target, output = images(shape)
        output.requires_grad_()
        values = target[0].numel() * (1 - ms_ssim(target, torch.sigmoid(output), scales))
        add(tensors, f"ms_ssim.{scales}", output, values, every=101 if scales == 5 else 5)

    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "ssim.safetensors")


if __name__ == "__main__":
    main()
