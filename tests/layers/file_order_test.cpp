#include "bvae/layers/file_order.hpp"

#include <array>
#include <string>
#include <vector>

#include "bvae/layers/linear.hpp"
#include "support/catch.hpp"

TEST_CASE("append_tensors: names, and places behind each other", "[layers]") {
  using Bound = bvae::Linear<20>::Bind<bvae::Features<3>>;
  std::vector<bvae::NamedTensor> all;
  bvae::detail::append_tensors(all, "encoder", 4, 100, Bound::kParameters, 20, {});
  bvae::detail::append_tensors(all, "latent", -1, 500, Bound::kParameters, 20, {20, 1, 1});
  REQUIRE(all.size() == 4);
  CHECK(all[0].name == "encoder.4.weight");
  CHECK(all[1].name == "encoder.4.bias");
  CHECK(all[2].name == "latent.weight");
  CHECK(all[3].name == "latent.bias");
  CHECK(all[0].offset == 100);
  CHECK(all[1].offset == 100 + 16 * 3);  // the bias lies in the weights' panels, behind their columns
  CHECK(all[2].offset == 500);
  CHECK_FALSE(all[0].info.order[0].is_image());
  CHECK(all[2].info.order[0].is_image());  // files have the outputs as pixels
  CHECK(all[3].info.order[0].is_image());
}
