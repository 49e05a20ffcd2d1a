// Arrays with forbidden memory on both sides: reading or writing one value too far ends the program.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <new>
#include <span>
#include <utility>

namespace bvae_test {

/// `count` values that end right before (or, with `at_end` false, begin right after) a page that nobody may touch; the
/// next page on the other side is forbidden too. Starts as zeros.
template <class T>
class Guarded {
 public:
  explicit Guarded(std::size_t count, bool at_end = true) : count_(count) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t pages = (count * sizeof(T) + page - 1) / page;
    length_ = (pages + 2) * page;
    base_ = static_cast<std::byte*>(::mmap(nullptr, length_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || (pages > 0 && ::mprotect(base_ + page, pages * page, PROT_READ | PROT_WRITE) != 0))
      throw std::bad_alloc();
    data_ = reinterpret_cast<T*>(base_ + page + (at_end ? pages * page - count * sizeof(T) : 0));
  }
  Guarded(Guarded&& other) noexcept
      : count_(std::exchange(other.count_, 0)),
        length_(other.length_),
        base_(std::exchange(other.base_, nullptr)),
        data_(std::exchange(other.data_, nullptr)) {}
  Guarded& operator=(Guarded&&) = delete;
  ~Guarded() {
    if (base_ != nullptr) ::munmap(base_, length_);
  }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return data_[i]; }
  [[nodiscard]] T* begin() { return data_; }
  [[nodiscard]] T* end() { return data_ + count_; }
  operator std::span<T>() { return {data_, count_}; }

 private:
  std::size_t count_;
  std::size_t length_ = 0;
  std::byte* base_ = nullptr;
  T* data_ = nullptr;
};

}  // namespace bvae_test
