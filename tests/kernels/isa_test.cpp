#include "bvae/kernels/isa.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "bvae/core/team.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

using bvae::Isa;

namespace {

/// What a fresh process with BVAE_ISA = `value` (nullptr: not set) says: the name of its instruction set, or its error.
/// A child of this one: it has its own copy of the choice, and forgets it.
template <class Function>
std::string in_new_process(const char* value, Function&& function) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    bvae::detail::chosen_isa().store(Isa{});
    if (value == nullptr) {
      ::unsetenv("BVAE_ISA");
    } else {
      ::setenv("BVAE_ISA", value, 1);
    }
    std::string text;
    int status = 0;
    try {
      text = function();
    } catch (const std::invalid_argument& error) {
      text = std::string("invalid_argument: ") + error.what();
    } catch (...) {
      status = 1;
    }
    if (::write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) status = 1;
    ::_exit(status);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  return text;
}

std::string chosen() { return std::string(name(bvae::isa())); }

std::string train() {
  bvae::Team team(3);
  team.run([](const bvae::Member&) { (void)bvae::isa(); });
  return chosen();
}

}  // namespace

TEST_CASE("isa_of: knows the three names, and refuses all others", "[kernels][isa]") {
  for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4}) CHECK(bvae::isa_of(name(isa)) == isa);
  for (const char* text : {"", "V3", "v2", "v3 ", "avx2"}) {
    CHECK_THROWS_AS(bvae::isa_of(text), std::invalid_argument);
    CHECK_THROWS_WITH(bvae::isa_of(text), "BVAE_ISA: must be baseline, v3 or v4, not '" + std::string(text) + "'");
  }
}

TEST_CASE("use_isa: all that the processor has can be chosen, and nothing else", "[kernels][isa]") {
  const bvae_test::UsingIsa before(bvae::isa());
  for (const Isa isa : bvae_test::all_isas()) {
    bvae::use_isa(isa);
    CHECK(bvae::isa() == isa);
  }
  const Isa last = bvae::isa();
  const std::string best(name(bvae::best_isa()));
  for (const Isa isa : {Isa::kV3, Isa::kV4}) {
    if (isa <= bvae::best_isa()) continue;
    CHECK_THROWS_AS(bvae::use_isa(isa), std::invalid_argument);
    CHECK_THROWS_WITH(bvae::use_isa(isa), "use_isa: this processor has " + best + ", not " + std::string(name(isa)));
  }
  for (const int value : {0, 4, 7, 255}) {
    CHECK_THROWS_AS(bvae::use_isa(static_cast<Isa>(value)), std::invalid_argument);
    CHECK_THROWS_WITH(bvae::use_isa(static_cast<Isa>(value)),
                      "use_isa: " + std::to_string(value) + " is no instruction set");
  }
  CHECK(bvae::isa() == last);
}

// As if for a lesser processor, because the one at hand may have them all.
TEST_CASE("check_isa: refuses what a processor lacks, and says what it has", "[kernels][isa]") {
  using bvae::detail::check_isa;
  for (const Isa best : {Isa::kBaseline, Isa::kV3, Isa::kV4})
    for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4})
      if (isa <= best) CHECK_NOTHROW(check_isa("use_isa", isa, best));
  CHECK_THROWS_AS(check_isa("use_isa", Isa::kV4, Isa::kV3), std::invalid_argument);
  CHECK_THROWS_WITH(check_isa("use_isa", Isa::kV4, Isa::kV3), "use_isa: this processor has v3, not v4");
  CHECK_THROWS_WITH(check_isa("use_isa", Isa::kV3, Isa::kBaseline), "use_isa: this processor has baseline, not v3");
  CHECK_THROWS_WITH(check_isa("BVAE_ISA", Isa::kV4, Isa::kBaseline), "BVAE_ISA: this processor has baseline, not v4");
}

TEST_CASE("isa: the best one without BVAE_ISA, and if it is empty", "[kernels][isa]") {
  CHECK(in_new_process(nullptr, chosen) == name(bvae::best_isa()));
  CHECK(in_new_process("", chosen) == name(bvae::best_isa()));
}

TEST_CASE("isa: BVAE_ISA chooses", "[kernels][isa]") {
  for (const Isa isa : bvae_test::all_isas())
    CHECK(in_new_process(std::string(name(isa)).c_str(), chosen) == name(isa));
}

TEST_CASE("isa: the choice is made once a process", "[kernels][isa]") {
  CHECK(in_new_process("baseline", [] {
          const std::string first = chosen();
          ::setenv("BVAE_ISA", "nonsense", 1);
          return first + " " + chosen();
        }) == "baseline baseline");
  // An error is no choice.
  CHECK(in_new_process("nonsense", [] {
          std::string text;
          try {
            text = chosen();
          } catch (const std::invalid_argument&) {
            text = "refused";
          }
          ::setenv("BVAE_ISA", "baseline", 1);
          return text + " " + chosen();
        }) == "refused baseline");
}

TEST_CASE("isa: all threads of a process see one choice", "[kernels][isa]") {
  CHECK(in_new_process("baseline", [] {
          std::string in_thread;
          std::thread([&] { in_thread = chosen(); }).join();
          return in_thread + " " + chosen();
        }) == "baseline baseline");
}

TEST_CASE("isa: a bad BVAE_ISA is an error that says what is wrong", "[kernels][isa]") {
  CHECK(in_new_process("avx2", chosen) == "invalid_argument: BVAE_ISA: must be baseline, v3 or v4, not 'avx2'");
  for (const Isa isa : {Isa::kV3, Isa::kV4}) {
    if (isa <= bvae::best_isa()) continue;
    const std::string text(name(isa));
    CHECK(in_new_process(text.c_str(), chosen) ==
          "invalid_argument: BVAE_ISA: this processor has " + std::string(name(bvae::best_isa())) + ", not " + text);
  }
}

TEST_CASE("isa: a bad BVAE_ISA ends training by an exception of the thread that starts it", "[kernels][isa]") {
  CHECK(in_new_process("baseline", train) == "baseline");
  CHECK(in_new_process("avx2", train) == "invalid_argument: BVAE_ISA: must be baseline, v3 or v4, not 'avx2'");
  CHECK(in_new_process("avx2", [] {
          bvae::Team team(3);
          return std::string("there is a team");
        }) == "invalid_argument: BVAE_ISA: must be baseline, v3 or v4, not 'avx2'");
}

TEST_CASE("choose: takes the function of the instruction set in use", "[kernels][isa]") {
  const auto value = [](auto number) { return +[] { return decltype(number)::value; }; };
  const auto chosen_value = [&] {
    return bvae::kernels::choose(value(std::integral_constant<int, 1>{}), value(std::integral_constant<int, 3>{}),
                                 value(std::integral_constant<int, 4>{}))();
  };
  for (const Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    CHECK(chosen_value() == (isa == Isa::kBaseline ? 1 : isa == Isa::kV3 ? 3 : 4));
  }
}

#if defined(__x86_64__) && defined(__linux__)
TEST_CASE("best_isa is what the operating system lists", "[kernels]") {
  std::ifstream file("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string line; flags.empty() && std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    for (std::string word; words >> word;) flags.insert(word);
  }
  if (flags.empty()) return;  // no such list here
  const auto all = [&](std::initializer_list<const char*> names) {
    return std::all_of(names.begin(), names.end(), [&](const char* one) { return flags.contains(one); });
  };
  const bool v3 = all({"avx2", "fma"});
  const bool v4 = v3 && all({"avx512f", "avx512bw", "avx512dq", "avx512vl"});
  CHECK(bvae::best_isa() == (v4 ? Isa::kV4 : v3 ? Isa::kV3 : Isa::kBaseline));
}
#endif
