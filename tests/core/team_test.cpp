#include "bvae/core/team.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using bvae::Member;
using bvae::Team;

TEST_CASE("Team: every member runs once a run, with its own rank", "[core][team]") {
  for (int size = 1; size <= 4; ++size) {
    Team team(size);
    REQUIRE(team.size() == size);
    std::array<std::atomic<int>, 4> calls{};
    for (int run = 0; run < 1000; ++run)
      team.run([&](const Member& member) {
        if (member.size() == size) ++calls[static_cast<std::size_t>(member.rank())];
      });
    for (int rank = 0; rank < 4; ++rank) CHECK(calls[static_cast<std::size_t>(rank)] == (rank < size ? 1000 : 0));
  }
}

TEST_CASE("Team: the calling thread is member 0, and the others are not", "[core][team]") {
  Team team(3);
  std::array<std::thread::id, 3> ids;
  team.run([&](const Member& member) { ids[static_cast<std::size_t>(member.rank())] = std::this_thread::get_id(); });
  CHECK(ids[0] == std::this_thread::get_id());
  CHECK(ids[1] != ids[0]);
  CHECK(ids[2] != ids[0]);
  CHECK(ids[2] != ids[1]);
}

TEST_CASE("Team: threads = 0 makes at least one member", "[core][team]") {
  Team team;
  CHECK(team.size() >= 1);
  std::atomic<int> calls{0};
  team.run([&](const Member&) { ++calls; });
  CHECK(calls == team.size());
}

TEST_CASE("Team: nobody passes a barrier before all have come to it", "[core][team]") {
  for (int size = 1; size <= 4; ++size) {
    Team team(size);
    constexpr int kPhases = 200;
    std::atomic<int> early{0};
    for (int run = 0; run < 5; ++run) {
      std::vector<std::atomic<int>> arrived(kPhases);
      team.run([&](const Member& member) {
        for (int phase = 0; phase < kPhases; ++phase) {
          ++arrived[static_cast<std::size_t>(phase)];
          member.barrier();
          if (arrived[static_cast<std::size_t>(phase)] != size) ++early;
          if (phase + 2 < kPhases && arrived[static_cast<std::size_t>(phase + 2)] != 0) ++early;
        }
      });
    }
    INFO("team of " << size);
    CHECK(early == 0);
  }
}

TEST_CASE("Team: plain memory written before a barrier is seen after it, and after the run", "[core][team]") {
  for (int size = 2; size <= 4; ++size) {
    Team team(size);
    std::vector<long> values(static_cast<std::size_t>(size), 1), sums(values);
    for (int run = 0; run < 200; ++run) {
      team.run([&](const Member& member) {
        const auto rank = static_cast<std::size_t>(member.rank());
        long sum = 0;
        for (const long v : values) sum += v;
        sums[rank] = sum % 1000;
        member.barrier();
        values[rank] = sums[(rank + 1) % sums.size()] + member.rank();
      });
      for (std::size_t i = 0; i < sums.size(); ++i) REQUIRE(sums[i] == sums[0]);
    }
  }
}

TEST_CASE("Team: an exception ends the run for members that wait in a barrier, and the team stays usable",
          "[core][team]") {
  for (int size = 2; size <= 4; ++size) {
    Team team(size);
    for (int run = 0; run < 100; ++run) {
      const int thrower = run % size;
      std::atomic<int> passed{0};
      std::string message;
      try {
        team.run([&](const Member& member) {
          member.barrier();
          if (member.rank() == thrower) {
            if (run % 3 == 0) std::this_thread::yield();
            throw std::runtime_error("member " + std::to_string(thrower));
          }
          member.barrier();  // never complete
          ++passed;
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      REQUIRE(message == "member " + std::to_string(thrower));
      REQUIRE(passed == 0);
      std::atomic<int> calls{0};
      team.run([&](const Member& member) {
        ++calls;
        member.barrier();
        if (calls != size) throw std::logic_error("the barrier is not whole again");
        member.barrier();
      });
      REQUIRE(calls == size);
    }
  }
}

TEST_CASE("Team: members that wait so long that they sleep are woken", "[core][team]") {
  const auto late = std::chrono::milliseconds(20);  // far longer than members spin
  Team team(3);
  std::atomic<int> passed{0};
  team.run([&](Member member) {
    if (member.rank() == 1) std::this_thread::sleep_for(late);
    member.barrier();
    ++passed;
    if (member.rank() == 0) std::this_thread::sleep_for(late);  // the others wait for the end
  });
  CHECK(passed == 3);
  CHECK_THROWS_WITH(team.run([&](Member member) {
    if (member.rank() == 2) {
      std::this_thread::sleep_for(late);
      throw std::runtime_error("late");
    }
    member.barrier();
    ++passed;
  }),
                    "late");
  CHECK(passed == 3);
  std::this_thread::sleep_for(late);  // the members wait for work
  team.run([&](Member) { ++passed; });
  CHECK(passed == 6);
}

TEST_CASE("Team: of several exceptions the one of the lowest rank is thrown, and no older one", "[core][team]") {
  Team team(4);
  for (int run = 0; run < 50; ++run) {
    CHECK_THROWS_WITH(team.run([](const Member& member) {
      if (member.rank() > 0) throw std::runtime_error(std::to_string(member.rank()));
    }),
                      "1");
    CHECK_NOTHROW(team.run([](const Member&) {}));
  }
}

TEST_CASE("Team: a team of one throws what the function throws", "[core][team]") {
  Team team(1);
  CHECK_THROWS_AS(team.run([](const Member&) { throw std::domain_error("x"); }), std::domain_error);
  CHECK_NOTHROW(team.run([](const Member& member) { member.barrier(); }));
}

TEST_CASE("Team: refuses a number of threads that makes no sense", "[core][team]") {
  for (const int threads : {-1, -1000, 1025, 1 << 30}) {
    CHECK_THROWS_AS(Team(threads), std::invalid_argument);
    CHECK_THROWS_WITH(Team(threads), ContainsSubstring("Team: threads") && ContainsSubstring(std::to_string(threads)));
  }
}

TEST_CASE("Team: comes and goes without a run, and many times", "[core][team]") {
  for (int i = 0; i < 50; ++i) {
    Team idle(4);
    Team busy(3);
    int sum = 0;
    busy.run([&](const Member& member) {
      if (member.rank() == 0) sum = member.size();
    });
    REQUIRE(sum == 3);
  }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BVAE_TEST_LIMITS_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BVAE_TEST_LIMITS_MEMORY 0
#endif
#endif

#ifndef BVAE_TEST_LIMITS_MEMORY  // a sanitizer needs more address space than any limit
TEST_CASE("Team: threads that cannot be started are an error, not the end of the program", "[core][team]") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit limit{rlim_t{400} << 20, rlim_t{400} << 20};
    setrlimit(RLIMIT_AS, &limit);
    try {
      const bvae::Team team(1024);
    } catch (const std::system_error&) {
      _exit(0);
    }
    _exit(1);  // all could be started
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif
