#pragma once

#include <string>
#include <vector>

namespace early_exit::testing {

// A running `classify` whose standard streams are pipes, or files where a path is given.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments, const std::string& output_path = "");
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Write(const std::string& text);
  void CloseInput();
  void CloseOutput();

  // Waits for one line of standard output; empty at its end.
  std::string ReadLine();
  std::string ReadOutput();  // to its end
  std::string ReadErrors();  // to their end

  // Waits for the exit status; 128 + n if signal n ended it.
  int Wait();

 private:
  int process_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
};

}  // namespace early_exit::testing
