#!/usr/bin/env python3
"""Compares goldens made anew with the committed ones: python compare.py MADE COMMITTED

Every file under MADE must lie under the same name in COMMITTED, and every .hpp and .safetensors file of COMMITTED must
have been made anew. Tensors may differ by rounding, as PyTorch's sums depend on the processor: names, shapes, types and
metadata must be equal, and integers too. All other files must be equal byte for byte.
"""

import pathlib
import sys

import numpy
from safetensors import safe_open

# Relative to the largest element of the tensor, because small elements are often differences of large ones.
TOLERANCE = {numpy.dtype(numpy.float32): 1e-5, numpy.dtype(numpy.float64): 1e-12}


def read(path):
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def tensor_difference(made, committed):
    if made.dtype != committed.dtype or made.shape != committed.shape:
        return f"is {committed.dtype} {committed.shape}, but made anew {made.dtype} {made.shape}"
    if made.dtype not in TOLERANCE:
        return None if numpy.array_equal(made, committed) else "differs"
    finite = numpy.isfinite(committed)
    if not numpy.array_equal(made[~finite], committed[~finite], equal_nan=True):
        return "differs in its elements that are not finite"
    if not numpy.isfinite(made[finite]).all():
        return "is finite where it is not when made anew"
    largest = numpy.abs(committed[finite]).max(initial=0.0)
    difference = numpy.abs(made[finite] - committed[finite]).max(initial=0.0)
    allowed = TOLERANCE[made.dtype] * largest
    return f"differs by {difference:.3g}, more than {allowed:.3g}" if difference > allowed else None


def differences(made, committed):
    if made.suffix != ".safetensors":
        if made.read_bytes() != committed.read_bytes():
            yield "differs"
        return
    made_tensors, made_metadata = read(made)
    committed_tensors, committed_metadata = read(committed)
    if made_metadata != committed_metadata:
        yield f"has the metadata {committed_metadata}, but made anew {made_metadata}"
    for name in sorted(made_tensors.keys() ^ committed_tensors.keys()):
        yield f"{name}: " + ("is no longer made" if name in committed_tensors else "is missing")
    for name in sorted(made_tensors.keys() & committed_tensors.keys()):
        difference = tensor_difference(made_tensors[name], committed_tensors[name])
        if difference:
            yield f"{name}: {difference}"


def main(made, committed):
    def files(root):
        return {path.relative_to(root) for path in root.rglob("*") if path.is_file()}

    made_files = files(made)
    kept = {path for path in files(committed) if path.suffix in (".hpp", ".safetensors")}
    found = [f"{path}: is committed, but no script makes it" for path in sorted(kept - made_files)]
    for path in sorted(made_files):
        if (committed / path).is_file():
            found += [f"{path}: {text}" for text in differences(made / path, committed / path)]
        else:
            found.append(f"{path}: is made, but not committed")
    print("\n".join(found) if found else f"{len(made_files)} goldens are as committed")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
