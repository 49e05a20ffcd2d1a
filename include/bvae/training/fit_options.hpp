/// What a run is asked for, and the checks of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

#include "bvae/core/message.hpp"
#include "bvae/core/random.hpp"
#include "bvae/data/binarization.hpp"
#include "bvae/data/dataset.hpp"
#include "bvae/data/shuffle.hpp"
#include "bvae/schedules/any_schedule.hpp"

namespace bvae {

/// How long and on what Trainer::fit trains; it refuses what makes no sense.
struct FitOptions {
  std::int64_t epochs = 10;  ///< >= 1
  Index batch_size = 128;    ///< 1 ... number of training samples; the last batch of an epoch may be shorter
  Seed seed{};               ///< order of the data, noise and binarisation
  int threads = 0;           ///< 0 = one for each core; the result does not depend on it
  bool shuffle = true;       ///< a new order for each epoch
  Binarization binarization = Binarization::kNone;
  std::optional<AnySchedule> learning_rate_factor{};  ///< multiplies the optimizer's learning rate
};

namespace detail {

/// \param least_samples that every batch must have
[[gnu::cold]] inline void check(const FitOptions& options, const Dataset& train, Index least_samples) {
  if (options.epochs < 1) throw std::invalid_argument("Trainer::fit: epochs must be at least 1");
  if (options.batch_size < 1 || options.batch_size > train.size())
    throw std::invalid_argument(message("Trainer::fit: batch_size must be between 1 and the ", train.size(),
                                        " training samples, not ", options.batch_size));
  const Index last = (train.size() - 1) % options.batch_size + 1;
  if (const Index least = std::min(last, options.batch_size); least < least_samples)
    throw std::invalid_argument(message("Trainer::fit: the model (BatchNorm) needs at least ", least_samples,
                                        " samples in every batch; with batch_size ", options.batch_size, " and ",
                                        train.size(), " training samples there is one of ", least));
  if (options.learning_rate_factor && options.learning_rate_factor->is_feedback())
    throw std::invalid_argument("Trainer::fit: learning_rate_factor must be a plain schedule; feedback is for beta");
  if (options.epochs > std::numeric_limits<std::int64_t>::max() / train.size())
    throw std::invalid_argument("Trainer::fit: epochs is too large");
}

[[gnu::cold]] inline void check_scheduled(const char* what, double value, bool good, std::int64_t step) {
  if (!good)
    throw std::invalid_argument(message("Trainer::fit: the schedule gave ", what, " = ", value, " for step ", step));
}

inline void order_samples(std::vector<std::uint32_t>& order, const FitOptions& options, std::int64_t epoch) {
  if (options.shuffle) {
    shuffle(options.seed, static_cast<std::uint64_t>(epoch), order);
  } else {
    std::iota(order.begin(), order.end(), 0u);
  }
}

}  // namespace detail
}  // namespace bvae
