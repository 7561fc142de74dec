#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace early_exit {

// A regular file, opened once. Another file that takes its name meanwhile changes nothing here.
class RegularFile {
 public:
  // Throws std::runtime_error if `path` cannot be opened or is something else (a FIFO, which would
  // block, a folder, a device).
  explicit RegularFile(const std::string& path);
  ~RegularFile();
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  std::uint64_t size() const { return size_; }

  // Reads up to `n` bytes from `position` on; fewer at the end. Throws std::runtime_error if the
  // file cannot be read. Safe to call from many threads.
  std::size_t Read(std::uint64_t position, void* buffer, std::size_t n) const;

  // The same as a string.
  std::string Read(std::uint64_t position, std::size_t n) const;

  // Whether somebody has written to the file since it was opened.
  bool HasChanged() const;

 private:
  struct stat Status() const;

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  struct timespec modified_{};
};

}  // namespace early_exit
