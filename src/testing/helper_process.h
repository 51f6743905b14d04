// HelperProcess: the test program once more, as another process that plays a part in a test. It is
// started by posix_spawn, because a fork copies whatever locks other threads hold. Owned by a test.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace penstock {

class HelperProcess {
 public:
  using Main = int (*)(const std::string& argument);

  // At namespace scope: what the program does instead of its tests where it is started as `role`.
  static bool add_role(const std::string& role, Main main) {
    testing::AddGlobalTestEnvironment(std::make_unique<Role>(role, main).release());
    return true;
  }
  // In a helper: it has got to where the test waits for it.
  static void ready() {
    const char byte = 'r';
    (void)!::write(kReadyDescriptor, &byte, 1);  // the test that does not get it fails
  }

  HelperProcess(const std::string& role, const std::string& argument) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    ready_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], kReadyDescriptor);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    std::string role_is = std::string(kRole) + "=" + role;
    std::string argument_is = std::string(kArgument) + "=" + argument;
    std::vector<char*> environment{role_is.data(), argument_is.data()};
    for (char** entry = environ; *entry != nullptr; ++entry) {
      environment.push_back(*entry);
    }
    environment.push_back(nullptr);
    std::string path = "/proc/self/exe";
    std::array<char*, 2> arguments{path.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&process_, path.c_str(), &actions, nullptr, arguments.data(),
                            environment.data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  ~HelperProcess() {
    kill();
    ::close(ready_);
  }
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;

  // False: it ended before.
  bool wait_until_ready() const {
    char byte = 0;
    return ::read(ready_, &byte, 1) == 1;
  }
  // Whether it has ended; does not wait.
  bool ended() { return status_ || reap(WNOHANG); }
  // Its exit code; -1 where a signal ended it.
  int wait() {
    EXPECT_TRUE(status_ || reap(0));
    return status_ && WIFEXITED(*status_) ? WEXITSTATUS(*status_) : -1;
  }
  void kill() {
    if (process_ > 0 && !status_) {
      ::kill(process_, SIGKILL);
      wait();
    }
  }

 private:
  static constexpr int kReadyDescriptor = 100;  // beyond those that a program opens by itself
  static constexpr const char* kRole = "PENSTOCK_TEST_ROLE";
  static constexpr const char* kArgument = "PENSTOCK_TEST_ARGUMENT";

  class Role final : public testing::Environment {
   public:
    Role(std::string role, Main main) : role_(std::move(role)), main_(main) {}
    void SetUp() override {
      const char* const role = std::getenv(kRole);
      if (role != nullptr && role_ == role) {
        ::_exit(main_(std::getenv(kArgument)));
      }
    }

   private:
    std::string role_;
    Main main_;
  };

  bool reap(int options) {
    int status = 0;
    if (::waitpid(process_, &status, options) != process_) {
      return false;
    }
    status_ = status;
    return true;
  }

  pid_t process_ = 0;
  int ready_ = -1;
  std::optional<int> status_;  // once it has ended
};

}  // namespace penstock
