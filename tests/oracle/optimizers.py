#!/usr/bin/env python3
"""Writes optimizer_goldens.hpp: what PyTorch's optimizers do with two parameter blocks in six steps.

    python tests/oracle/optimizers.py OUTPUT_FOLDER

Deterministic: the same PyTorch gives the same bytes. Numbers in the checked-in file are from PyTorch 2.13 (CPU).
"""

import pathlib
import sys

import torch

BLOCKS = (2, 15)  # lengths of the parameter blocks
STEPS = 6
KEPT = (1, 2, STEPS)  # parameters are kept after these updates
SIZE = sum(BLOCKS)


def pseudo_random(index):
    """A multiple of 1/1024 in (-1, 1), so that it is exact in float too."""
    return ((index * 7919 + 104729) * (index + 13) % 2039 - 1019) / 1024


PARAMETERS = [(1 if i % 2 else -1) * (0.75 + pseudo_random(i) / 4) for i in range(SIZE)]


def gradient(t, i):
    if i == 4:
        return 0.0  # a gradient that is always zero
    scale = (1.0, 1 / 1024, 16.0)[i % 3] * (8.0 if t == 3 else 1.0)  # sizes differ; step 3 has a spike
    return scale * pseudo_random(1000 + SIZE * t + i)


GRADIENTS = [[gradient(t, i) for i in range(SIZE)] for t in range(1, STEPS + 1)]


def rate(base, t, changing):
    return base / t if changing else base


# name: (optimizer, its options, clip to this norm or None, does the learning rate change)
VARIANTS = {
    "adam": (torch.optim.Adam, dict(lr=0.05), None, False),
    "adam_other_betas": (torch.optim.Adam, dict(lr=0.05, betas=(0.5, 0.9), eps=1e-3), None, False),
    "adam_changing_rate": (torch.optim.Adam, dict(lr=0.05), None, True),
    "adam_no_memory": (torch.optim.Adam, dict(lr=0.05, betas=(0.0, 0.0)), None, False),
    "adam_w": (torch.optim.AdamW, dict(lr=0.05), None, False),
    "adam_w_strong": (torch.optim.AdamW, dict(lr=0.05, weight_decay=0.5), None, True),
    "sgd": (torch.optim.SGD, dict(lr=0.01), None, False),
    "sgd_weight_decay": (torch.optim.SGD, dict(lr=0.01, weight_decay=0.25), None, False),
    "sgd_momentum": (torch.optim.SGD, dict(lr=0.01, momentum=0.9), None, False),
    "sgd_dampening": (torch.optim.SGD, dict(lr=0.01, momentum=0.9, dampening=0.25), None, True),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.125), None, False),
    "sgd_all": (torch.optim.SGD, dict(lr=0.01, momentum=0.5, dampening=0.5, weight_decay=0.125), None, False),
    "clipped_adam": (torch.optim.Adam, dict(lr=0.05), 40.0, False),
    "clipped_sgd": (torch.optim.SGD, dict(lr=0.01, momentum=0.9), 40.0, False),
    "clipped_adam_w": (torch.optim.AdamW, dict(lr=0.05), 1.0, False),
}


def run(variant, dtype):
    optimizer_type, options, max_norm, changing = VARIANTS[variant]
    flat = torch.tensor(PARAMETERS, dtype=dtype)
    blocks = [torch.nn.Parameter(part.clone()) for part in torch.split(flat, BLOCKS)]
    optimizer = optimizer_type(blocks, foreach=False, **options)
    kept = []
    for t in range(1, STEPS + 1):
        for block, part in zip(blocks, torch.split(torch.tensor(GRADIENTS[t - 1], dtype=dtype), BLOCKS)):
            block.grad = part.clone()
        if max_norm is not None:
            torch.nn.utils.clip_grad_norm_(blocks, max_norm, foreach=False)
        for group in optimizer.param_groups:
            group["lr"] = rate(options["lr"], t, changing)
        optimizer.step()
        if t in KEPT:
            kept.append(torch.cat([block.detach() for block in blocks]).tolist())
    return kept


def numbers(values, dtype):
    if dtype == torch.float32:
        return "{" + ", ".join(format(value, "+.9e") + "f" for value in values) + "}"
    return "{" + ", ".join(format(value, "+.17e") for value in values) + "}"


def table(name, rows, dtype):
    kind = "float" if dtype == torch.float32 else "double"
    body = ",\n    ".join(numbers(row, dtype) for row in rows)
    return f"inline constexpr {kind} {name}[{len(rows)}][kSize] = {{\n    {body}}};\n"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    text = [
        "/// What PyTorch's optimizers do. Made by tests/oracle/optimizers.py; do not edit.\n#pragma once\n\n",
        "// clang-format off\nnamespace goldens {\n\n",
        f"inline constexpr int kSteps = {STEPS};\n",
        f"inline constexpr int kKept[] = {{{', '.join(map(str, KEPT))}}};  // updates after which parameters follow\n",
        f"inline constexpr int kFirstBlock = {BLOCKS[0]};\n",
        f"inline constexpr int kSize = {SIZE};\n\n",
        table("parameters", [PARAMETERS], torch.float64),
        table("gradients", GRADIENTS, torch.float64),
    ]
    for variant in VARIANTS:
        for dtype, suffix in ((torch.float64, "double"), (torch.float32, "float")):
            text.append(table(f"{variant}_{suffix}", run(variant, dtype), dtype))
    text.append("\n}  // namespace goldens\n// clang-format on\n")
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "optimizer_goldens.hpp").write_text("".join(text), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
