/// The one place where convolutions are computed: the three sums that a convolution and a transposed convolution share.
///
/// Both join a *fine* image and a *coarse* one: coarse pixel (y, x) sees the Kernel x Kernel fine pixels from
/// (y Stride - Padding, x Stride - Padding) on; what lies outside the fine image is 0. Weights are a matrix of coarse
/// channels x (kernel row, kernel column, fine channel), in panels. Conv2d goes from fine to coarse (`gather`), its
/// gradient with respect to the input from coarse to fine (`scatter`); ConvTranspose2d the other way round; the
/// gradient of the weights is the same for both (`weights_gradient`).
///
/// Images are channels-last, so a kernel row of a pixel lies in one run and no matrix of patches is made: pixels are
/// columns of a product that overlap. Only images of few channels are read by patches, one row of pixels at a time.
/// Each sample is computed alone, each element as one chain of multiply-adds in an order that depends on nothing but
/// the sizes; samples are added up in their order.
#pragma once

#include <algorithm>
#include <utility>

#include "bvae/core/arena.hpp"
#include "bvae/core/convolution_parts.hpp"
#include "bvae/core/products.hpp"
#include "bvae/core/types.hpp"
#include "bvae/kernels/convolutions.hpp"

namespace bvae::convolutions {

/// What `gather` and `scatter` call with the number of each sample when it is done, as long as it is in the cache.
struct Nothing {
  void operator()(Index) const {}
};

/// coarse = W fine, from `start` on (start_panel apart for each 16 channels), times `slope` where that is negative.
template <class Scalar, class Finish = Nothing>
void gather(const Extents& e, Index samples, const Scalar* w, const Scalar* start, Index start_panel,
            const Scalar* fine, Scalar* coarse, Scalar slope, Finish&& finish = {}) {
  const Index row = e.coarse_width * e.coarse_channels;
  kernels::Convolution<Scalar> work{.channels = e.coarse_channels,
                                    .height = 1,
                                    .width = e.coarse_width,
                                    .runs = 1,
                                    .length = e.taps(),
                                    .a = w,
                                    .a_panel = TensorInfo::panel_of(e.taps()),
                                    .start = start,
                                    .start_panel = start_panel,
                                    .b = nullptr,
                                    .b_row = 0,
                                    .b_pixel = e.taps(),
                                    .b_run = 0,
                                    .c = nullptr,
                                    .c_row = row,
                                    .c_pixel = e.coarse_channels,
                                    .slope = slope};
  if (e.by_patches()) {
    Scalar* const patches = products::detail::scratch<Scalar>(e.coarse_width * e.taps());
    work.b = patches;
    for (Index s = 0; s < samples; ++s) {
      for (Index y = 0; y < e.coarse_height; ++y) {
        detail::copy_patches(e, y, fine + s * e.fine_size(), patches);
        work.c = coarse + s * e.coarse_size() + y * row;
        kernels::convolve(work);
      }
      finish(s);
    }
    return;
  }
  const Index padded_row = (e.fine_width + 2 * e.padding) * e.fine_channels;
  const Index padded_size = (e.fine_height + 2 * e.padding) * padded_row;
  Scalar* padded = nullptr;
  if (e.padding > 0) {
    padded = products::detail::scratch<Scalar>(padded_size);
    std::fill_n(padded, padded_size, Scalar(0));
  }
  work.height = e.coarse_height;
  work.runs = e.kernel;
  work.length = e.kernel * e.fine_channels;
  work.b_row = e.stride * padded_row;
  work.b_pixel = e.stride * e.fine_channels;
  work.b_run = padded_row;
  for (Index s = 0; s < samples; ++s) {
    const Scalar* const image = fine + s * e.fine_size();
    if (padded != nullptr)
      detail::copy_inside(e.fine_height, e.fine_width * e.fine_channels, image, e.padding, e.padding * e.fine_channels,
                          padded_row, padded);
    work.b = padded != nullptr ? padded : image;
    work.c = coarse + s * e.coarse_size();
    kernels::convolve(work);
    finish(s);
  }
}

/// fine = W^T coarse, from the bias on (null: 0), times `slope` where that is negative: each coarse pixel adds to the
/// fine pixels that it sees.
///
/// Of many channels, fine pixels are taken in stride x stride phases: those of a phase see the coarse image through the
/// same taps, so each phase is a dense convolution of stride 1. Of few, the products of a pixel with all taps are
/// computed and added up, pixel after pixel.
template <class Scalar, class Finish = Nothing>
void scatter(const Extents& e, Index samples, const Scalar* w, const Scalar* bias, const Scalar* coarse, Scalar* fine,
             Scalar slope, Finish&& finish = {}) {
  using detail::Phase;
  constexpr Index kPanel = Extents::kPanel;
  const Index row = e.fine_width * e.fine_channels;
  kernels::Convolution<Scalar> work{};
  if (e.by_patches()) {
    const Index taps = e.taps();
    const Index packed_size = Extents::panels_of(taps) * kPanel * e.coarse_channels;
    Scalar* const packed = products::detail::scratch<Scalar>(packed_size + kPanel + e.coarse_width * taps);
    Scalar* zeros = packed;
    for (Index tap = 0; tap < taps; tap += kPanel) zeros = detail::pack(e, w, tap, taps - tap, zeros);
    std::fill_n(zeros, kPanel, Scalar(0));
    Scalar* const added = zeros + kPanel;
    work = {.channels = taps,
            .height = 1,
            .width = e.coarse_width,
            .runs = 1,
            .length = e.coarse_channels,
            .a = packed,
            .a_panel = kPanel * e.coarse_channels,
            .start = zeros,
            .start_panel = 0,
            .b = nullptr,
            .b_row = 0,
            .b_pixel = e.coarse_channels,
            .b_run = 0,
            .c = added,
            .c_row = 0,
            .c_pixel = taps};
    const Index run = e.kernel * e.fine_channels;
    for (Index s = 0; s < samples; ++s) {
      Scalar* const image = fine + s * e.fine_size();
      if (bias == nullptr || e.fine_channels == 1) {
        std::fill_n(image, e.fine_size(), bias == nullptr ? Scalar(0) : *bias);
      } else {
        for (Index i = 0; i < e.fine_size(); i += e.fine_channels) std::copy_n(bias, e.fine_channels, image + i);
      }
      for (Index y = 0; y < e.coarse_height; ++y) {
        work.b = coarse + s * e.coarse_size() + y * e.coarse_width * e.coarse_channels;
        kernels::convolve(work);
        for (Index k = 0; k < e.kernel; ++k) {
          const Index fine_y = y * e.stride - e.padding + k;
          if (fine_y < 0 || fine_y >= e.fine_height) continue;
          detail::add_runs(e, added + k * run, image + fine_y * row);
        }
      }
      if (slope != Scalar(1))
        for (Index i = 0; i < e.fine_size(); ++i)
          if (image[i] < Scalar(0)) image[i] = slope == Scalar(0) ? Scalar(0) : image[i] * slope;
      finish(s);
    }
    return;
  }

  const detail::Margins rows = detail::Margins::of(e.fine_height, e.coarse_height, e);
  const detail::Margins columns = detail::Margins::of(e.fine_width, e.coarse_width, e);
  const Index padded_row = (columns.before + e.coarse_width + columns.after) * e.coarse_channels;
  const Index padded_size = (rows.before + e.coarse_height + rows.after) * padded_row;
  const Index panels = Extents::panels_of(e.fine_channels);
  Scalar* const start =
      products::detail::scratch<Scalar>(panels * kPanel * (1 + e.kernel * e.kernel * e.coarse_channels) + padded_size);
  Scalar* const packed = start + panels * kPanel;
  for (Index i = 0; i < panels * kPanel; ++i) start[i] = bias != nullptr && i < e.fine_channels ? bias[i] : Scalar(0);
  Scalar* end = packed;
  for (Index v = 0; v < e.stride; ++v)
    for (Index u = 0; u < e.stride; ++u) {
      const Phase py = Phase::of(v, e.fine_height, e);
      const Phase px = Phase::of(u, e.fine_width, e);
      for (Index channel = 0; channel < e.fine_channels; channel += kPanel)
        for (Index i = 0; i < py.taps * px.taps; ++i) {
          const Index ky = py.last - i / px.taps * e.stride;
          const Index kx = px.last - i % px.taps * e.stride;
          const Index tap = (ky * e.kernel + kx) * e.fine_channels;
          end = detail::pack(e, w, tap + channel, e.fine_channels - channel, end);
        }
    }
  Scalar* const padded = end;
  std::fill_n(padded, padded_size, Scalar(0));
  for (Index s = 0; s < samples; ++s) {
    detail::copy_inside(e.coarse_height, e.coarse_width * e.coarse_channels, coarse + s * e.coarse_size(), rows.before,
                        columns.before * e.coarse_channels, padded_row, padded);
    const Scalar* a = packed;
    for (Index v = 0; v < e.stride; ++v)
      for (Index u = 0; u < e.stride; ++u) {
        const Phase py = Phase::of(v, e.fine_height, e);
        const Phase px = Phase::of(u, e.fine_width, e);
        const Index depth = py.taps * px.taps * e.coarse_channels;
        if (py.count > 0 && px.count > 0)
          kernels::convolve<Scalar>(
              {.channels = e.fine_channels,
               .height = py.count,
               .width = px.count,
               .runs = depth > 0 ? py.taps : 0,
               .length = px.taps * e.coarse_channels,
               .a = a,
               .a_panel = kPanel * depth,
               .start = start,
               .start_panel = kPanel,
               .b = padded + (rows.before + py.first) * padded_row + (columns.before + px.first) * e.coarse_channels,
               .b_row = padded_row,
               .b_pixel = e.coarse_channels,
               .b_run = padded_row,
               .c = fine + s * e.fine_size() + v * row + u * e.fine_channels,
               .c_row = e.stride * row,
               .c_pixel = e.stride * e.fine_channels,
               .slope = slope});
        a += panels * kPanel * depth;
      }
    finish(s);
  }
}

/// The gradient of the weights, sum over the samples of coarse fine^T (of each sample, and of each row of pixels if
/// by_patches(), alone, then these sums in order), for one of gradient_parts(): writes that part of
/// the panels at `to`.
template <class Scalar>
void weights_gradient(const Extents& e, Index samples, const Scalar* fine, const Scalar* coarse, Index part,
                      Scalar* to) {
  constexpr Index kPanel = Extents::kPanel;
  const bool whole = e.coarse_channels % kPanel == 0;
  const Index pixels = e.coarse_height * e.coarse_width;
  const Index coarse_row = e.coarse_width * e.coarse_channels;
  const Index first_panel = e.by_patches() ? part * Extents::kPartPanels : 0;
  kernels::Correlation<Scalar> work{
      .panels = e.by_patches() ? std::min(Extents::kPartPanels, e.coarse_panels() - first_panel) : e.coarse_panels(),
      .columns = e.fine_channels,
      .height = e.coarse_height,
      .width = e.coarse_width,
      .a = nullptr,
      .a_row = coarse_row,
      .a_pixel = e.coarse_channels,
      .a_panel = kPanel,
      .b = nullptr,
      .b_row = 0,
      .b_pixel = 0,
      .c = nullptr,
      .c_panel = TensorInfo::panel_of(e.taps()),
      .adds = false};
  // Coarse channels that do not fill their panels are copied to panels that they do.
  const Index packed_size = whole ? 0 : work.panels * kPanel * pixels;
  Scalar* const packed = products::detail::scratch<Scalar>(e.gradient_scratch());
  Scalar* const sums = packed + packed_size;  // which nobody needs here
  Scalar* const patches = sums + kPanel;
  if (!whole) {
    work.a_row = e.coarse_width * kPanel;
    work.a_pixel = kPanel;
    work.a_panel = kPanel * pixels;
  }
  to += first_panel * work.c_panel;
  for (Index s = 0; s < samples; ++s) {
    const Scalar* const c = coarse + s * e.coarse_size();
    const Scalar* const f = fine + s * e.fine_size();
    const Scalar* a = c + first_panel * kPanel;
    if (!whole) {
      for (Index p = 0; p < work.panels; ++p) {
        const Index channel = (first_panel + p) * kPanel;
        kernels::copy_to_panel(std::min(kPanel, e.coarse_channels - channel), pixels, c + channel, e.coarse_channels,
                               packed + p * kPanel * pixels, sums, false);
      }
      a = packed;
    }
    if (e.by_patches()) {
      work.columns = e.taps();
      work.height = 1;
      work.b = patches;
      work.b_pixel = e.taps();
      work.c = to;
      for (Index y = 0; y < e.coarse_height; ++y) {
        detail::copy_patches(e, y, f, patches);
        work.a = a + y * work.a_row;
        work.adds = s > 0 || y > 0;
        kernels::correlate(work);
      }
      continue;
    }
    work.adds = s > 0;
    // Coarse pixels whose tap lies outside the fine image are left out.
    const auto inside = [&](Index tap, Index fine_extent, Index coarse_extent) {
      const Index offset = tap - e.padding;  // fine = coarse * stride + offset
      const Index first = offset >= 0 ? 0 : (-offset + e.stride - 1) / e.stride;
      const Index end = fine_extent > offset ? std::min(coarse_extent, (fine_extent - 1 - offset) / e.stride + 1) : 0;
      return std::pair<Index, Index>(first, std::max(first, end));
    };
    const auto [y0, y1] = inside(part, e.fine_height, e.coarse_height);
    work.b_row = e.stride * e.fine_width * e.fine_channels;
    work.b_pixel = e.stride * e.fine_channels;
    for (Index k = 0; k < e.kernel; ++k) {
      const auto [x0, x1] = inside(k, e.fine_width, e.coarse_width);
      work.height = x1 > x0 ? y1 - y0 : 0;
      work.width = x1 - x0;
      work.a = a + y0 * work.a_row + x0 * work.a_pixel;
      work.b =
          f + ((y0 * e.stride + part - e.padding) * e.fine_width + x0 * e.stride + k - e.padding) * e.fine_channels;
      work.c = to + (part * e.kernel + k) * e.fine_channels * kPanel;
      kernels::correlate(work);
    }
  }
}

}  // namespace bvae::convolutions
