#include "grid.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "grid_file.hpp"
#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;

/// The message of the GridError that a grid ends with; empty if there is none.
template <class Make>
std::string refusal(Make make) {
  try {
    make();
  } catch (const GridError& error) {
    return error.what();
  }
  return {};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> texts(const Grid& grid) {
  std::vector<std::string> all;
  for (const Run& run : grid.runs) all.push_back(run.text);
  return all;
}

/// A file that is gone afterwards.
struct File {
  fs::path path = fs::temp_directory_path() / ("grid test " + std::to_string(::getpid()) + ".json");
  explicit File(const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
  ~File() { fs::remove(path); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
};

Grid of_file(const std::string& text) { return expand(read_grid_file(File(text).path)); }
std::string refusal_of_file(const std::string& text) {
  return refusal([&] { of_file(text); });
}

}  // namespace

TEST_CASE("Grid: every combination once, the last axis fastest", "[schedules]") {
  const Grid grid = expand({{{"schedule", {"constant", "warmup"}}, {"beta", {"0.5", "4"}}, {"seed", {"0", "1"}}}});
  REQUIRE(grid.runs.size() == 8);
  CHECK(grid.merged == 0);
  CHECK(texts(grid) == std::vector<std::string>{"beta=0.5 schedule=constant seed=0",
                                                "beta=0.5 schedule=constant seed=1", "beta=4 schedule=constant seed=0",
                                                "beta=4 schedule=constant seed=1", "beta=0.5 schedule=warmup seed=0",
                                                "beta=0.5 schedule=warmup seed=1", "beta=4 schedule=warmup seed=0",
                                                "beta=4 schedule=warmup seed=1"});
  CHECK(grid.runs[2].arguments == std::vector<std::string>{"--schedule=constant", "--beta=4", "--seed=0"});
  CHECK(grid.runs[2].options.beta == 4.0);
  std::set<std::string> hashes;
  for (const Run& run : grid.runs) hashes.insert(run.hash);
  CHECK(hashes.size() == 8);
}

TEST_CASE("Grid: combinations that do the same are one run", "[schedules]") {
  // --beta says nothing to pid, nor do capacity and free bits to divergences that do not read them.
  const Grid pid = expand({{{"schedule", {"constant", "pid"}}, {"target-kl", {"5"}}, {"beta", {"1", "2", "3"}}}});
  CHECK(pid.runs.size() == 4);
  CHECK(pid.merged == 2);
  CHECK(expand({{{"capacity", {"5", "10"}}}}).runs.size() == 1);
  CHECK(expand({{{"capacity", {"5", "10"}}, {"divergence", {"kl", "capacity"}}}}).runs.size() == 3);
  CHECK(expand({{{"divergence", {"mmd"}}, {"free-bits", {"0", "0.1"}}}}).runs.size() == 1);
  CHECK(expand({{{"free-bits", {"0", "0.1"}}, {"free-bits-form", {"per-latent", "total"}}}}).runs.size() == 3);
  // The same said in another way: as the default, and as another text of the number.
  CHECK(expand({{{"beta", {"1", "1.0", "1e0"}}}, {{"epochs", {"10"}}}}).runs.size() == 1);
  CHECK(expand({{{"schedule", {"linear"}}}, {{"schedule", {"linear"}}, {"beta-from", {"0"}}}}).runs.size() == 1);
  CHECK(expand({{{"schedule", {"warmup"}}}, {{"schedule", {"warmup"}}, {"warmup-epochs", {"5"}}}}).runs.size() == 1);
}

TEST_CASE("Grid: the hash is the same everywhere, and not that of threads and places", "[schedules]") {
  Options options;
  CHECK(canonical_text(options) ==
        "batch_size=128\nbeta=1\nbinarization=\"none\"\nclip=null\ndataset=\"mnist\"\ndivergence=\"kl\"\ndraws=10\n"
        "epochs=10\nfree_bits=0\nfree_bits_form=\"per-latent\"\ninit=\"default\"\nlearning_rate=0.001\n"
        "likelihood=\"bernoulli\"\nmodel=\"mlp\"\noptimizer=\"adam\"\noutput_bias=\"default\"\nreader=null\n"
        "schedule=\"constant\"\nseed=0\nwarmup_epochs=null\n");
  const std::string hash = hash_of(options);
  CHECK(hash == "2926a149a17c564d");
  options.threads = 7;
  options.out = "somewhere";
  options.data = "elsewhere";
  CHECK(hash_of(options) == hash);
  options.seed = 18446744073709551615U;
  options.schedule = "pid";
  options.target_kl = 0.1;
  options.beta = 77;  // pid does not read it
  CHECK(hash_of(options) == "a7cdb083bea2051c");
}

TEST_CASE("Grid: lists and ranges of the command line", "[schedules]") {
  CHECK(read_axis("beta", {"0.5,1", "4"}).values == std::vector<std::string>{"0.5", "1", "4"});
  CHECK(read_axis("seed", {"0..3,9"}).values == std::vector<std::string>{"0", "1", "2", "3", "9"});
  CHECK(read_axis("seed", {"18446744073709551615..18446744073709551615"}).values.size() == 1);
  // Values with commas of their own.
  CHECK(read_axis("phases", {"constant:1,linear", "cosine"}).values ==
        std::vector<std::string>{"constant:1,linear", "cosine"});
  CHECK(read_axis("data", {"a,b..c"}).values == std::vector<std::string>{"a,b..c"});
  for (const char* text : {"", ",", "1,", ",1", "1,,2"})
    CHECK(has(refusal([&] { read_axis("beta", {text}); }), "empty"));
  CHECK(has(refusal([] { read_axis("seed", {"3..1"}); }), "3..1"));
  CHECK(has(refusal([] { read_axis("seed", {"0..18446744073709551615"}); }), "more than 10000"));
  CHECK(has(refusal([] { read_axis("nonsense", {"1"}); }), "nonsense"));
}

TEST_CASE("Grid: what the example refuses, the grid refuses", "[schedules]") {
  CHECK(has(refusal([] { expand({{{"schedule", {"constant", "sideways"}}}}); }), "--schedule"));
  CHECK(has(refusal([] { expand({{{"schedule", {"constant", "geco"}}}}); }), "--target-reconstruction"));
  CHECK(has(refusal([] { expand({{{"beta", {"-1"}}}}); }), "--beta=-1"));
  CHECK(has(refusal([] { expand({{{"out", {"x"}}}}); }), "out"));
  CHECK(has(refusal([] { expand({{{"threads", {"2"}}}}); }), "threads"));
  CHECK(has(refusal([] { expand({{{"help", {"1"}}}}); }), "help"));
  CHECK(has(refusal([] { expand({}); }), "empty"));
  CHECK(has(refusal([] { expand({{{"beta", {}}}}); }), "empty"));
  const std::vector<std::string> many(101, "1");
  CHECK(has(refusal([&] { expand({{{"beta", many}, {"seed", many}}}); }), "more than 10000"));
  CHECK(has(refusal([&] {
              expand({Product(64, {"beta", many})});  // 101^64 would overflow
            }),
            "more than 10000"));
}

TEST_CASE("Grid file: an object is a product, an array their union", "[schedules]") {
  const Grid one = of_file(R"({"schedule": ["constant", "cyclical"], "beta": 0.5, "seed": "0..2"})");
  CHECK(one.runs.size() == 6);
  CHECK(one.runs[0].options.beta == 0.5);
  const Grid two = of_file(R"([{"seed": [0, 18446744073709551615]}, {"free-bits": 0.1, "seed": [0, 1]}, {"seed": 0}])");
  CHECK(two.runs.size() == 4);
  CHECK(two.merged == 1);
  CHECK(of_file(R"({"schedule": "sequence", "phases": ["constant:1,linear", "cosine"]})").runs.size() == 2);
}

TEST_CASE("Grid file: is not trusted", "[schedules]") {
  CHECK(has(refusal_of_file("{\"beta\": [1,\n  2,,3]}"), ".json, line 2, column 5"));
  CHECK(has(refusal_of_file(""), "line 1, column 1"));
  CHECK(has(refusal_of_file("{\"beta\": 1"), "line 1"));
  CHECK(has(refusal_of_file("{\"beta\": 1} x"), "line 1, column 13"));
  CHECK(has(refusal_of_file("{\"beta\": \"\xff\"}"), "this is no JSON"));
  for (const char* text : {"{}", "[]", "[{}]", R"({"beta": []})", R"([{"beta": 1}, {"beta": []}])"})
    CHECK(has(refusal_of_file(text), "empty"));
  for (const char* text : {"1", "null", "\"beta\"", "[1]", "[[1]]"})
    CHECK(has(refusal_of_file(text), "expected an object"));
  for (const char* text : {R"({"beta": null})", R"({"beta": true})", R"({"beta": {"a": 1}})", R"({"beta": [[1]]})"})
    CHECK(has(refusal_of_file(text), "beta: expected a number"));
  CHECK(has(refusal_of_file(R"({"no-such-flag": 1})"), "no-such-flag"));
  CHECK(has(refusal_of_file(R"({"--beta": 1})"), "--beta"));
  CHECK(has(refusal_of_file(R"({"beta": 1, "seed": 2, "beta": 3})"), "'beta' is there twice"));
  CHECK(has(refusal_of_file(R"({"epochs": 1.5})"), "--epochs"));
  CHECK(has(refusal_of_file(R"({"beta": "1,2"})"), "--beta"));
  CHECK(has(refusal_of_file(R"({"out": "x"})"), "out"));
  CHECK(has(refusal_of_file(std::string(100000, '[')), "nested too deeply"));
  CHECK(has(refusal_of_file("{\"beta\":" + std::string(1 << 20, ' ') + "1}"), "at most 1 MB"));
  CHECK(has(refusal([] { read_grid_file("/nowhere/grid.json"); }), "/nowhere/grid.json"));
  CHECK(has(refusal([] { read_grid_file("/"); }), "cannot be read"));
}
