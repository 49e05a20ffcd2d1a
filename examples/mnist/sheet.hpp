#pragma once

#include <bvae/core/types.hpp>

#include <cstdint>
#include <filesystem>
#include <vector>

/// A PNG of many small grey images in rows and columns, twice their size, with thin lines between them.
class Sheet {
 public:
  /// \param group_rows after so many rows the line is thick; 0 = never
  Sheet(int rows, int columns, int group_rows = 0);

  /// Draws one image of 28 x 28 values; what lies outside of [0, 1] is cut off.
  void put(int row, int column, const Eigen::Ref<const bvae::Vector<float>>& pixels);

  /// \throws bvae::FileError
  void write(const std::filesystem::path& path) const;

 private:
  static constexpr int kImage = 28;
  static constexpr int kScale = 2;
  static constexpr int kTile = kImage * kScale;
  static constexpr int kLine = 2;
  static constexpr int kThickLine = 10;
  static constexpr std::uint8_t kLineGrey = 72;

  [[nodiscard]] int top(int row) const;

  int group_rows_;
  int width_;
  int height_;
  std::vector<std::uint8_t> pixels_;
};
