#include "program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace early_exit::testing {
namespace {

struct Pipe {
  Pipe() {
    // Closed in the child but for the end that it is given, so that it sees the end of its input.
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }
  int ends[2] = {-1, -1};
};

std::string ReadAll(int descriptor) {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 1; n > 0;) {
    n = read(descriptor, buffer, sizeof(buffer));
    if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

void Close(int* descriptor) {
  if (*descriptor >= 0) close(*descriptor);
  *descriptor = -1;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, const std::string& output_path) {
  std::signal(SIGPIPE, SIG_IGN);  // a program that ends early must not end its test
  Pipe input, output, errors;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.ends[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.ends[1], STDERR_FILENO);
  if (!output_path.empty()) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_path.c_str(), O_WRONLY, 0);
  }
  std::string program = EARLY_EXIT_CLASSIFY;
  std::vector<std::string> words = arguments;
  std::vector<char*> argv{program.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int error = posix_spawn(&process_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(input.ends[0]);
  close(output.ends[1]);
  close(errors.ends[1]);
  input_ = input.ends[1];
  output_ = output.ends[0];
  errors_ = errors.ends[0];
  if (error != 0) throw std::runtime_error("cannot start " + program);
}

Program::~Program() {
  CloseInput();
  CloseOutput();
  Close(&errors_);
  if (process_ > 0) Wait();
}

void Program::Write(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = write(input_, text.data() + done, text.size() - done);
    if (n < 0) return;  // it has ended: its status tells why
    done += static_cast<std::size_t>(n);
  }
}

void Program::CloseInput() { Close(&input_); }
void Program::CloseOutput() { Close(&output_); }

std::string Program::ReadLine() {
  std::string line;
  for (char c = 0; c != '\n' && read(output_, &c, 1) == 1;) line += c;
  return line;
}

std::string Program::ReadOutput() { return ReadAll(output_); }
std::string Program::ReadErrors() { return ReadAll(errors_); }

int Program::Wait() {
  int status = 0;
  waitpid(std::exchange(process_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace early_exit::testing
