/// The sizes of a convolution, and how its parts of images are found, copied and added up: what core/convolutions.hpp
/// is made of.
#pragma once

#include <algorithm>
#include <cstring>

#include "bvae/core/arena.hpp"
#include "bvae/core/types.hpp"

namespace bvae::convolutions {

/// The sizes of a convolution.
struct Extents {
  Index fine_channels;
  Index fine_height;
  Index fine_width;
  Index coarse_channels;
  Index coarse_height;
  Index coarse_width;
  Index kernel;
  Index stride;
  Index padding;

  [[nodiscard]] constexpr Index taps() const { return kernel * kernel * fine_channels; }
  [[nodiscard]] constexpr Index fine_size() const { return fine_channels * fine_height * fine_width; }
  [[nodiscard]] constexpr Index coarse_size() const { return coarse_channels * coarse_height * coarse_width; }
  [[nodiscard]] constexpr Index coarse_panels() const { return panels_of(coarse_channels); }
  /// Fine images of so few channels are read, and written, by patches: the taps of a pixel beside each other.
  [[nodiscard]] constexpr bool by_patches() const { return fine_channels < 8; }

  static constexpr Index kPanel = TensorInfo::kPanelRows;
  static constexpr Index panels_of(Index channels) { return (channels + kPanel - 1) / kPanel; }

  /// Parts of the work of weights_gradient: kernel rows, or kPartPanels panels each if by_patches().
  [[nodiscard]] constexpr Index gradient_parts() const {
    return by_patches() ? (coarse_panels() + kPartPanels - 1) / kPartPanels : kernel;
  }
  static constexpr Index kPartPanels = 4;
  /// Values of memory that a part needs.
  [[nodiscard]] constexpr Index gradient_scratch() const {
    const Index panels = by_patches() ? std::min(kPartPanels, coarse_panels()) : coarse_panels();
    const Index packed = coarse_channels % kPanel == 0 ? 0 : panels * kPanel * coarse_height * coarse_width;
    return packed + kPanel + (by_patches() ? coarse_width * taps() : 0);
  }
};

namespace detail {

/// Along one axis: what the fine pixels phase, phase + stride, ... (`count` of them) meet. The first of them meets the
/// coarse pixels first, first + 1, ... (`taps` of them) through the kernel's positions last, last - stride, ...; each
/// next one meets them one coarse pixel further on.
struct Phase {
  Index count;  // fine pixels
  Index taps;
  Index last;
  Index first;

  static constexpr Phase of(Index phase, Index fine, const Extents& e) {
    const Index lowest = (phase + e.padding) % e.stride;
    const Index count = fine > phase ? (fine - 1 - phase) / e.stride + 1 : 0;
    if (lowest >= e.kernel) return {count, 0, 0, 0};
    const Index taps = (e.kernel - 1 - lowest) / e.stride + 1;
    const Index last = lowest + (taps - 1) * e.stride;
    return {count, taps, last, (phase + e.padding - last) / e.stride};
  }
};

/// Zeros that coarse images need around them so that all phases of an axis read inside.
struct Margins {
  Index before = 0;
  Index after = 0;

  static constexpr Margins of(Index fine, Index coarse, const Extents& e) {
    Margins m;
    for (Index p = 0; p < e.stride; ++p) {
      const Phase phase = Phase::of(p, fine, e);
      if (phase.taps == 0 || phase.count == 0) continue;
      m.before = std::max(m.before, -phase.first);
      m.after = std::max(m.after, phase.first + phase.count - 1 + phase.taps - coarse);
    }
    return m;
  }
};

/// Copies an image into the middle of `to`, whose margins are zeros already.
template <class Scalar>
void copy_inside(Index height, Index row, const Scalar* from, Index top, Index left, Index to_row, Scalar* to) {
  for (Index y = 0; y < height; ++y) std::copy_n(from + y * row, row, to + (y + top) * to_row + left);
}

/// Copies `count` runs of values, `from_step` and `to_step` apart, of Length values each (0: of `length`).
template <Index Length, class Scalar>
void copy_runs(Index count, Index length, const Scalar* from, Index from_step, Scalar* to, Index to_step) {
  const Index size = Length > 0 ? Length : length;
  for (Index n = 0; n < count; ++n, from += from_step, to += to_step)
    if constexpr (Length > 0) {
      std::memcpy(to, from, Length * sizeof(Scalar));
    } else {
      for (Index i = 0; i < size; ++i) to[i] = from[i];
    }
}

/// The patches of coarse row y, one after another: taps() values for each pixel.
template <class Scalar>
void copy_patches(const Extents& e, Index y, const Scalar* fine, Scalar* patches) {
  const Index run = e.kernel * e.fine_channels;
  const Index row = e.fine_width * e.fine_channels;
  // The pixels [x0, x1) have their runs inside.
  const Index x0 = std::min(e.coarse_width, (e.padding + e.stride - 1) / e.stride);
  const Index room = e.fine_width + e.padding - e.kernel;
  const Index x1 = room < 0 ? x0 : std::clamp(room / e.stride + 1, x0, e.coarse_width);
  const Index step = e.stride * e.fine_channels;
  for (Index k = 0; k < e.kernel; ++k) {
    const Index fine_y = y * e.stride - e.padding + k;
    const bool inside = fine_y >= 0 && fine_y < e.fine_height;
    const Scalar* const from = fine + (inside ? fine_y : 0) * row;
    Scalar* const to = patches + k * run;
    const auto copy_border = [&](Index first, Index end) {
      for (Index x = first; x < end; ++x) {
        const Index left = (x * e.stride - e.padding) * e.fine_channels;
        for (Index i = 0; i < run; ++i)
          to[x * e.taps() + i] = inside && left + i >= 0 && left + i < row ? from[left + i] : Scalar(0);
      }
    };
    if (!inside) {
      copy_border(0, e.coarse_width);
      continue;
    }
    copy_border(0, x0);
    const Scalar* const middle = from + (x0 * e.stride - e.padding) * e.fine_channels;
    if (run == 4) {
      copy_runs<4>(x1 - x0, run, middle, step, to + x0 * e.taps(), e.taps());
    } else if (run == 12) {
      copy_runs<12>(x1 - x0, run, middle, step, to + x0 * e.taps(), e.taps());
    } else {
      copy_runs<0>(x1 - x0, run, middle, step, to + x0 * e.taps(), e.taps());
    }
    copy_border(x1, e.coarse_width);
  }
}

/// Adds to a fine row what each pixel of a coarse row has for it: runs of kernel * fine_channels values, taps() apart,
/// pixel after pixel.
template <class Scalar>
void add_runs(const Extents& e, const Scalar* from, Scalar* to) {
  const Index run = e.kernel * e.fine_channels;
  const Index step = e.stride * e.fine_channels;
  const Index row = e.fine_width * e.fine_channels;
  const auto add = [&](Index x, Index begin, Index end) {
    const Index left = (x * e.stride - e.padding) * e.fine_channels;
    const Index last = std::min(end, row - left);
    for (Index i = std::max(begin, -left); i < last; ++i) to[left + i] += from[x * e.taps() + i];
  };
  if (run != 2 * step || e.coarse_width == 0) {
    for (Index x = 0; x < e.coarse_width; ++x) add(x, 0, run);
    return;
  }
  // Each value gets the second half of one run, then the first half of the next.
  add(0, 0, step);
  for (Index x = 1; x < e.coarse_width; ++x) {
    const Index left = (x * e.stride - e.padding) * e.fine_channels;
    if (left < 0 || left + step > row) {
      add(x - 1, step, run);
      add(x, 0, step);
      continue;
    }
    const Scalar* const before = from + (x - 1) * e.taps() + step;
    const Scalar* const here = from + x * e.taps();
    if (step == 2) {
      to[left] = (to[left] + before[0]) + here[0];
      to[left + 1] = (to[left + 1] + before[1]) + here[1];
    } else {
      for (Index i = 0; i < step; ++i) to[left + i] = (to[left + i] + before[i]) + here[i];
    }
  }
  add(e.coarse_width - 1, step, run);
}

/// Weights transposed for `scatter`: a panel of the taps [first, first + rows), up to 16, for all coarse channels.
template <class Scalar>
Scalar* pack(const Extents& e, const Scalar* w, Index first, Index rows, Scalar* to) {
  constexpr Index kPanel = Extents::kPanel;
  for (Index channel = 0; channel < e.coarse_channels; ++channel, to += kPanel) {
    const Scalar* const from =
        w + channel / kPanel * TensorInfo::panel_of(e.taps()) + first * kPanel + channel % kPanel;
    if (rows >= kPanel) {
      for (Index l = 0; l < kPanel; ++l) to[l] = from[l * kPanel];
    } else {
      for (Index l = 0; l < kPanel; ++l) to[l] = l < rows ? from[l * kPanel] : Scalar(0);
    }
  }
  return to;
}

}  // namespace detail

}  // namespace bvae::convolutions
