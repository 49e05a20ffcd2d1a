/// A persistent team of threads that run one function together, with barriers inside. No OpenMP, no queue.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>
#include <type_traits>

#include "bvae/core/denormals.hpp"
#include "bvae/core/message.hpp"
#include "bvae/core/types.hpp"
#include "bvae/kernels/isa.hpp"

namespace bvae {

namespace detail {

/// Thrown out of a barrier when another member of the team has failed; never leaves Team::run.
struct TeamAborted {};

/// Spins for some microseconds (a step has barriers microseconds apart), then lets other threads run (the one waited
/// for may want this core), then sleeps in the kernel: the machine may be shared.
template <class Changed>
void wait_until(const std::atomic<std::uint32_t>& word, std::uint32_t old, Changed changed) {
  constexpr int kSpins = 500;
  constexpr int kYields = 100;
  for (int i = 0; i < kSpins + kYields; ++i) {
    if (changed()) return;
    if (i >= kSpins) {
      std::this_thread::yield();
    } else {
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#endif
    }
  }
  while (!changed()) word.wait(old, std::memory_order_acquire);
}

class alignas(64) Barrier {
 public:
  explicit Barrier(int size) : size_(size) {}

  void arrive_and_wait() {
    const std::uint32_t phase = phase_.load(std::memory_order_acquire);
    if (broken_.load(std::memory_order_acquire)) throw TeamAborted{};
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.fetch_add(1, std::memory_order_acq_rel);
      phase_.notify_all();
      return;
    }
    wait_until(phase_, phase, [&] { return phase_.load(std::memory_order_acquire) != phase; });
    if (broken_.load(std::memory_order_acquire)) throw TeamAborted{};
  }

  /// Frees everybody who waits or will wait, with TeamAborted.
  void abandon() {
    broken_.store(true, std::memory_order_release);
    phase_.fetch_add(1, std::memory_order_acq_rel);
    phase_.notify_all();
  }

  void reset() {
    arrived_.store(0, std::memory_order_relaxed);
    broken_.store(false, std::memory_order_release);
  }

 private:
  std::atomic<std::uint32_t> phase_{0};
  std::atomic<int> arrived_{0};
  std::atomic<bool> broken_{false};
  int size_;
};

}  // namespace detail

/// One thread's place in a team. The default is a team of one.
class Member {
 public:
  Member() = default;
  Member(int rank, int size, detail::Barrier* barrier) : rank_(rank), size_(size), barrier_(barrier) {}

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  /// Returns when every member of the team has arrived.
  void barrier() const {
    if (size_ > 1) barrier_->arrive_and_wait();
  }

 private:
  int rank_ = 0;
  int size_ = 1;
  detail::Barrier* barrier_ = nullptr;
};

/// `Team team{2}; team.run([&](Member member) { ... });` The calling thread is member 0. An exception of any member
/// ends the run for all and is thrown from run() (the one of the lowest rank); the team stays usable. run() allocates
/// nothing. Members run with denormal numbers flushed to zero (FlushDenormals), the calling thread too, which has its
/// own mode back afterwards.
class Team {
 public:
  /// \param threads 0 = one for each core that the system reports
  /// \throws std::invalid_argument for a negative number or one above 1024, and for a bad BVAE_ISA (see isa())
  explicit Team(int threads = 0)
      : size_(resolve(threads)),
        barrier_(size_),
        errors_(new std::exception_ptr[static_cast<std::size_t>(size_)]),
        workers_(new std::thread[static_cast<std::size_t>(size_ - 1)]) {
    (void)isa();  // a bad BVAE_ISA is this thread's error, before any kernel runs in a worker
    try {
      for (int rank = 1; rank < size_; ++rank)
        workers_[static_cast<std::size_t>(rank - 1)] = std::thread([this, rank] { serve(rank); });
    } catch (...) {  // the system has no more threads to give: end those that run
      stop();
      throw;
    }
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team() { stop(); }

  [[nodiscard]] int size() const { return size_; }

  template <class Function>
  void run(Function&& function) {
    if (size_ == 1) {
      const FlushDenormals flush;
      function(Member{});
      return;
    }
    using Stored = std::remove_reference_t<Function>;
    task_ = const_cast<void*>(static_cast<const void*>(std::addressof(function)));
    call_ = [](void* task, Member member) { (*static_cast<Stored*>(task))(member); };
    run_all();
  }

 private:
  /// All members call `call_`; not in run(), so that it is compiled once.
  void run_all() {
    barrier_.reset();
    running_.store(static_cast<std::uint32_t>(size_ - 1), std::memory_order_relaxed);
    start_.fetch_add(1, std::memory_order_acq_rel);
    start_.notify_all();
    execute(0);
    for (std::uint32_t left = running_.load(std::memory_order_acquire); left != 0;
         left = running_.load(std::memory_order_acquire))
      detail::wait_until(running_, left, [&] { return running_.load(std::memory_order_acquire) != left; });
    std::exception_ptr first;
    for (int rank = 0; rank < size_; ++rank) {
      std::exception_ptr& error = errors_[static_cast<std::size_t>(rank)];
      if (error && !first) first = error;
      error = nullptr;
    }
    if (first) std::rethrow_exception(first);
  }

  static int resolve(int threads) {
    if (threads < 0 || threads > 1024)
      throw std::invalid_argument(
          message("Team: threads must be between 0 (one for each core) and 1024, not ", threads));
    if (threads > 0) return threads;
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }

  void stop() {
    stop_.store(true, std::memory_order_release);
    start_.fetch_add(1, std::memory_order_acq_rel);
    start_.notify_all();
    for (std::thread* worker = workers_.get(); worker != workers_.get() + size_ - 1; ++worker)
      if (worker->joinable()) worker->join();
  }

  void execute(int rank) {
    try {
      const FlushDenormals flush;
      call_(task_, Member{rank, size_, &barrier_});
    } catch (const detail::TeamAborted&) {
    } catch (...) {
      errors_[static_cast<std::size_t>(rank)] = std::current_exception();
      barrier_.abandon();
    }
  }

  void serve(int rank) {
    std::uint32_t seen = 0;
    for (;;) {
      detail::wait_until(start_, seen, [&] { return start_.load(std::memory_order_acquire) != seen; });
      ++seen;  // each run and the end count one
      if (stop_.load(std::memory_order_acquire)) return;
      execute(rank);
      if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_all();
    }
  }

  int size_;
  detail::Barrier barrier_;
  std::unique_ptr<std::exception_ptr[]> errors_;
  std::unique_ptr<std::thread[]> workers_;
  void* task_ = nullptr;
  void (*call_)(void*, Member) = nullptr;
  alignas(64) std::atomic<std::uint32_t> start_{0};
  alignas(64) std::atomic<std::uint32_t> running_{0};
  std::atomic<bool> stop_{false};
};

}  // namespace bvae
