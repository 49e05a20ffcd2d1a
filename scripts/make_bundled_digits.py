#!/usr/bin/env python3
"""Makes the small subset of MNIST in examples/mnist/data: python3 make_bundled_digits.py MNIST_FOLDER OUTPUT_FOLDER

It takes the first digits of each class from the plain files of MNIST, in their order there: equally many of each class.
The same input gives the same bytes.
"""

import gzip
import os
import struct
import sys

PER_CLASS = {"train": 200, "t10k": 50}


def read_idx(path, rank):
    with open(path, "rb") as file:
        data = file.read()
    magic, *shape = struct.unpack_from(f">{1 + rank}i", data)
    if magic != 0x0800 + rank:
        raise SystemExit(f"{path}: not an IDX file of {rank} dimensions of bytes")
    return shape, data[4 + 4 * rank :]


def write_idx(path, shape, data):
    header = struct.pack(f">{1 + len(shape)}i", 0x0800 + len(shape), *shape)
    # No name and no time in the gzip header, so that the bytes depend on nothing else.
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as compressed:
        compressed.write(header + data)


def main(source, target):
    for part, per_class in PER_CLASS.items():
        (count, height, width), images = read_idx(os.path.join(source, f"{part}-images-idx3-ubyte"), 3)
        (label_count,), labels = read_idx(os.path.join(source, f"{part}-labels-idx1-ubyte"), 1)
        if count != label_count:
            raise SystemExit(f"{part}: {count} images, but {label_count} labels")
        taken = [0] * 10
        chosen = []
        for index, label in enumerate(labels):
            if taken[label] < per_class:
                taken[label] += 1
                chosen.append(index)
        size = height * width
        write_idx(
            os.path.join(target, f"{part}-images-idx3-ubyte.gz"),
            [len(chosen), height, width],
            b"".join(images[index * size : (index + 1) * size] for index in chosen),
        )
        write_idx(
            os.path.join(target, f"{part}-labels-idx1-ubyte.gz"),
            [len(chosen)],
            bytes(labels[index] for index in chosen),
        )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
