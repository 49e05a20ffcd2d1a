#pragma once

#include <bvae/training/event.hpp>

/// Ctrl-C and SIGTERM: the first one asks training to stop, a second one ends the program at once.
namespace interruption {

/// From here on.
void watch();

/// The signal that came, 0 if none did.
int received();

/// The callback that stops training after the present step.
struct StopTraining {
  void operator()(const bvae::StepEnd& event) const;
  void operator()(const bvae::EpochEnd& event) const;  ///< for a signal during the evaluation
};

}  // namespace interruption
