#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "regular_file.h"

namespace early_exit {

class ZipError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One file of a zip file, as the directory at its end describes it.
struct ZipEntry {
  std::string name;
  bool compressed = false;
  std::uint32_t crc = 0;
  std::uint64_t size = 0;         // of what is inflated
  std::uint64_t stored_size = 0;  // in the file
  std::uint64_t offset = 0;       // of its local header
  std::uint64_t start = 0;        // of its content
};

// Reads the directory of a zip or zip64 file. What stands there is what libraries allocate by, so
// it is checked before one of them sees the file: each entry lies in the file and is stored or
// deflated under a name of its own, and all together inflate to no more than archives ever do.
// Throws ZipError, which says what is wrong.
std::vector<ZipEntry> ReadZipDirectory(const RegularFile& file);

}  // namespace early_exit
