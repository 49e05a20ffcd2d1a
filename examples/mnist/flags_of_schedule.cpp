#include "flags.hpp"

namespace flags {

void add_schedule(Flags& flags) {
  const Options defaults;
  flags.group("Beta during training")
      .choice("--schedule", &Options::schedule,
              {"constant", "linear", "warmup", "cyclical", "cosine", "sigmoid", "exponential", "piecewise", "sequence",
               "geco", "pid"},
              "constant: as given;\n"
              "linear, cosine, sigmoid, exponential: from --beta-from to --beta;\n"
              "warmup: a line for half of the training, then constant;\n"
              "cyclical: four times from --beta-from to --beta, half of each cycle\n"
              "a line, the other half constant;\n"
              "piecewise: through --beta-points; sequence: --phases;\n"
              "geco: what --target-reconstruction needs, from --beta on;\n"
              "pid: what --target-kl needs. docs/schedules.md shows them all")
      .number("--beta-from", &Options::beta_from, 0.0, kLargest, "a finite number, 0 or more", "",
              "where beta begins; if not given 0, for exponential 0.0001")
      .number("--hold-epochs", &Options::hold_epochs, 0.0, kLargest, "a finite number, 0 or more",
              text(defaults.hold_epochs), "of warmup: epochs at --beta-from before the line")
      .number("--warmup-epochs", &Options::warmup_epochs, 0.0, kLargest, "a finite number, 0 or more", "",
              "epochs from there to --beta, counted in steps, so that 0.5 is\n"
              "possible; if not given all, for warmup half of them")
      .choice("--beta-changes", &Options::beta_changes, {"step", "epoch"}, "how often")
      .number("--cycles", &Options::cycles, 1, 1000000, "a whole number, 1 to 1000000", std::to_string(defaults.cycles),
              "of cyclical")
      .number("--cycle-ramp", &Options::cycle_ramp, kSmallest, 1.0, "a number above 0, at most 1",
              text(defaults.cycle_ramp), "the part of a cycle in which beta rises")
      .choice("--cycle-shape", &Options::cycle_shape, {"linear", "cosine", "sigmoid"}, "how it rises there")
      .number("--steepness", &Options::steepness, 1e-6, 1e6, "a number from 1e-6 to 1e6", text(defaults.steepness),
              "of sigmoid")
      .text("--beta-points", &Options::beta_points, "EPOCH:BETA,...", "of piecewise, for example 0:0,2.5:1,10:4")
      .choice("--beta-path", &Options::beta_path, {"lines", "stairs"}, "between them")
      .text("--phases", &Options::phases, "NAME[=BETA]:EPOCHS,...",
            "of sequence: plain schedules with their lengths, the last may have\n"
            "none; for example constant=0:2,cosine=4:5,constant. BETA is --beta\n"
            "if not given; a ramp begins where the phase before it ended, and\n"
            "lasts the whole phase (warmup: half of it)")
      .number("--target-reconstruction", &Options::target_reconstruction, -kLargest, kLargest, "a finite number", "",
              "nats that geco holds train_reconstruction at")
      .number("--geco-decay", &Options::geco_decay, 0.0, 0.9999999, "a number, 0 to 0.9999999",
              text(defaults.geco_decay), "of geco's moving average")
      .number("--geco-every", &Options::geco_every, std::int64_t{1}, std::int64_t{1} << 32,
              "a whole number, 1 to 4294967296", std::to_string(defaults.geco_every), "steps between two changes")
      .number("--geco-rate", &Options::geco_rate, kSmallest, kLargest, "a finite number above 0",
              text(defaults.geco_rate), "for each nat beside the target")
      .number("--geco-slowest", &Options::geco_slowest, 1e-6, 0.999999, "a number from 1e-6 to 0.999999",
              text(defaults.geco_slowest), "factor that 1 / beta falls by at most")
      .number("--geco-fastest", &Options::geco_fastest, 1.000001, 1e6, "a number from 1.000001 to 1e6",
              text(defaults.geco_fastest), "factor that 1 / beta grows by at most")
      .number("--target-kl", &Options::target_kl, 0.0, kLargest, "a finite number, 0 or more", "",
              "nats that pid holds train_kl at")
      .number("--pid-kp", &Options::pid_kp, 0.0, kLargest, "a finite number, 0 or more", text(defaults.pid_kp),
              "gain of the error")
      .number("--pid-ki", &Options::pid_ki, 0.0, kLargest, "a finite number, 0 or more", text(defaults.pid_ki),
              "of its sum over the steps")
      .number("--pid-kd", &Options::pid_kd, 0.0, kLargest, "a finite number, 0 or more", text(defaults.pid_kd),
              "of its change in a step")
      .number("--beta-min", &Options::beta_min, 0.0, kLargest, "a finite number, 0 or more", "",
              "the least beta of geco and pid; if not given 1e-6 and 0")
      .number("--beta-max", &Options::beta_max, 0.0, kLargest, "a finite number, 0 or more", "",
              "the largest; if not given 1e6 and 1");
}

}  // namespace flags
