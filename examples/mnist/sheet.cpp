#include "sheet.hpp"

#include <bvae/core/errors.hpp>
#include <bvae/io/atomic_file.hpp>

#include <cmath>
#include <cstddef>
#include <span>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO  // AtomicFile writes
#include <stb_image_write.h>

Sheet::Sheet(int rows, int columns, int group_rows)
    : group_rows_(group_rows),
      width_(kLine + columns * (kTile + kLine)),
      height_(top(rows - 1) + kTile + kLine),
      pixels_(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_), kLineGrey) {}

int Sheet::top(int row) const {
  const int groups = group_rows_ > 0 ? row / group_rows_ : 0;
  return kLine + row * (kTile + kLine) + groups * (kThickLine - kLine);
}

void Sheet::put(int row, int column, const Eigen::Ref<const bvae::Vector<float>>& pixels) {
  const int left = kLine + column * (kTile + kLine);
  for (int y = 0; y < kTile; ++y) {
    for (int x = 0; x < kTile; ++x) {
      const float value = pixels[(y / kScale) * kImage + x / kScale];
      const float cut = value > 0 ? std::fmin(value, 1.0f) : 0.0f;  // NaN is black
      pixels_[static_cast<std::size_t>(top(row) + y) * static_cast<std::size_t>(width_) +
              static_cast<std::size_t>(left + x)] = static_cast<std::uint8_t>(std::lround(255 * cut));
    }
  }
}

void Sheet::write(const std::filesystem::path& path) const {
  bvae::AtomicFile file(path);
  std::vector<std::byte> png;
  const auto append = [](void* context, void* data, int size) {
    const std::span bytes(static_cast<const std::byte*>(data), static_cast<std::size_t>(size));
    auto& all = *static_cast<std::vector<std::byte>*>(context);
    all.insert(all.end(), bytes.begin(), bytes.end());
  };
  if (stbi_write_png_to_func(append, &png, width_, height_, 1, pixels_.data(), width_) == 0)
    throw bvae::FileError(path.string(), bvae::FileError::kNoOffset, "a picture that can be encoded", "no memory");
  file.write(png);
  file.commit();
}
