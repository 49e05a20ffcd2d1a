"""Numbers that both sides make for themselves, so that goldens need not store them: multiples of 2^-15 in [-1, 1)."""

import numpy
import torch


def formula(stream, shape, dtype=torch.float64):
    """The same as oracle::formula of tests/oracle/against_pytorch.hpp. Exact in float32. Below 10^6 values a stream."""
    count = int(numpy.prod(shape))
    x = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(stream * 1_000_000)
    mask = numpy.uint64(0xFFFFFFFF)
    for factor, shift in ((0x9E3779B1, 15), (0x85EBCA77, 13), (0xC2B2AE3D, 16)):
        x = x * numpy.uint64(factor) & mask
        x ^= x >> numpy.uint64(shift)
    values = (x >> numpy.uint64(16)).astype(numpy.float64) / 32768 - 1
    return torch.from_numpy(values.reshape(shape)).to(dtype)
