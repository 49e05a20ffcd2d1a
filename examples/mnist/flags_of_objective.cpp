#include "flags.hpp"

namespace flags {

void add_objective(Flags& flags) {
  const Options defaults;
  flags.group("Objective")
      .number("--beta", &Options::beta, 0.0, kLargest, "a finite number, 0 or more", text(defaults.beta),
              "weight of the KL divergence; 1 is the plain VAE")
      .choice("--divergence", &Options::divergence,
              {"kl", "capacity", "total-correlation", "dip-vae-i", "dip-vae-ii", "mmd"},
              "what beta multiplies. capacity: distance of the KL to a growing\n"
              "capacity (Burgess 2018); total-correlation: the KL's three parts\n"
              "with a weight each (beta-TCVAE); dip-vae-i, -ii: KL and the latents'\n"
              "covariances (Kumar 2018); mmd: KL and the distance of all latents'\n"
              "distribution to the prior (InfoVAE)")
      .number("--free-bits", &Options::free_bits, 0.0, kLargest, "a finite number, 0 or more", text(defaults.free_bits),
              "nats of KL that are free: of each latent, with --free-bits-form")
      .choice("--free-bits-form", &Options::free_bits_form, kFreeBitsForms,
              "whose KL has them; mask-: more than them counts whole")
      .number("--capacity", &Options::capacity, 0.0, kLargest, "a finite number, 0 or more", text(defaults.capacity),
              "nats that capacity grows to")
      .number("--capacity-epochs", &Options::capacity_epochs, kSmallest, kLargest, "a finite number above 0", "",
              "epochs that it grows; if not given half of the training")
      .number("--gamma", &Options::gamma, 0.0, kLargest, "a finite number, 0 or more", text(defaults.gamma),
              "weight of the distance in capacity (the paper's 1000 is for 10^6 steps)")
      .number("--mi-weight", &Options::mi_weight, 0.0, kLargest, "a finite number, 0 or more", text(defaults.mi_weight),
              "of the mutual information in total-correlation")
      .number("--tc-weight", &Options::tc_weight, 0.0, kLargest, "a finite number, 0 or more", text(defaults.tc_weight),
              "of the total correlation")
      .choice("--tc-estimator", &Options::tc_estimator, {"stratified", "weighted"},
              "how total-correlation estimates densities from a batch; weighted:\n"
              "the paper's, which are too small")
      .number("--dimension-weight", &Options::dimension_weight, 0.0, kLargest, "a finite number, 0 or more",
              text(defaults.dimension_weight), "of the latents' own KL in total-correlation")
      .number("--lambda-od", &Options::lambda_od, 0.0, kLargest, "a finite number, 0 or more", text(defaults.lambda_od),
              "weight of the covariances in dip-vae-i and -ii")
      .number("--lambda-d", &Options::lambda_d, 0.0, kLargest, "a finite number, 0 or more", "",
              "weight of the variances' distances to 1; if not given as in the\n"
              "paper: dip-vae-i ten times --lambda-od, dip-vae-ii the same")
      .number("--mmd-weight", &Options::mmd_weight, 0.0, kLargest, "a finite number, 0 or more",
              text(defaults.mmd_weight), "of the distance in mmd")
      .number("--kl-weight", &Options::kl_weight, 0.0, kLargest, "a finite number, 0 or more", text(defaults.kl_weight),
              "of the KL in mmd; 0 for MMD-VAE")
      .choice("--mmd-kernel", &Options::mmd_kernel, {"rbf", "inverse-multiquadratic"}, "what mmd compares points by")
      .number("--mmd-bandwidth", &Options::mmd_bandwidth, 1e-6, 1e6, "a number from 1e-6 to 1e6",
              text(defaults.mmd_bandwidth), "of that kernel, in standard deviations of the prior");
}

}  // namespace flags
