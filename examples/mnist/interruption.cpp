#include "interruption.hpp"

#include <signal.h>

#include <atomic>

namespace interruption {
namespace {

std::atomic<int> signal_received{0};
static_assert(std::atomic<int>::is_always_lock_free, "what a signal handler may touch");

void remember(int number) {
  signal_received.store(number, std::memory_order_relaxed);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
}

void stop_if_asked(bvae::Control& control) {
  if (const int number = received(); number != 0) control.stop(number == SIGINT ? "interrupted" : "terminated");
}

}  // namespace

void watch() {
  struct ::sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

int received() { return signal_received.load(std::memory_order_relaxed); }

void StopTraining::operator()(const bvae::StepEnd& event) const { stop_if_asked(event.control); }
void StopTraining::operator()(const bvae::EpochEnd& event) const { stop_if_asked(event.control); }

}  // namespace interruption
