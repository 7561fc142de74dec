#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace early_exit::classify {

// Reads lines from a file descriptor, as many as are there without waiting: whoever writes a line
// into a pipe gets its answer at once, and whoever redirects a file gets full batches.
class LineReader {
 public:
  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  // Waits for one line, then returns it with those already there: at most `max_lines`, and no more
  // once they take `max_bytes`; none at the end of the input. A line ends in "\n" or "\r\n"
  // (neither is part of it) or with the input. A byte order mark at the start of the input belongs
  // to no line. Throws std::runtime_error if the input cannot be read, but only behind the last
  // line that could.
  std::vector<std::string> Read(std::size_t max_lines, std::size_t max_bytes = 1 << 24);

 private:
  bool TakeLine(std::vector<std::string>* lines);
  bool SkipByteOrderMark();
  bool DataWaits() const;
  void Wait() const;
  void Fill();

  int descriptor_;
  bool begun_ = false;  // past the place of a byte order mark
  bool at_end_ = false;
  int error_ = 0;  // why the input could not be read to its end
  std::string buffer_;
  std::size_t start_ = 0;    // of the first line that is not taken yet
  std::size_t scanned_ = 0;  // no line break before this
};

}  // namespace early_exit::classify
