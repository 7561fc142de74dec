#pragma once

#include <cstdint>
#include <string>

#include "crc32.h"

namespace early_exit::testing {

// Writes zip files, also such as nobody should.
class ZipFile {
 public:
  struct Entry {
    std::string name;
    std::string content;
    int method = 0;          // 8: deflated
    std::uint64_t size = 0;  // that the directory claims; 0: that of the content
  };

  void Add(const Entry& entry) {
    const std::size_t place = content.size();
    const std::size_t size = entry.size > 0 ? entry.size : entry.content.size();
    const std::uint32_t crc = Crc32(entry.content.data(), entry.content.size());
    const std::string fields = Number(0, 2) + Number(static_cast<std::size_t>(entry.method), 2) +
                               Number(0, 4) + Number(crc, 4) + Number(entry.content.size(), 4) +
                               Number(size, 4) + Number(entry.name.size(), 2) + Number(0, 2);
    content += "PK\x03\x04" + Number(20, 2) + fields + entry.name + entry.content;
    directory += "PK\x01\x02" + Number(20, 2) + Number(20, 2) + fields + Number(0, 10) +
                 Number(place, 4) + entry.name;
    ++n_entries;
  }

  std::string Finish() const {
    return content + directory + "PK\x05\x06" + Number(0, 4) + Number(n_entries, 2) +
           Number(n_entries, 2) + Number(directory.size(), 4) + Number(content.size(), 4) +
           Number(0, 2);
  }

  std::string content;    // entries behind their local headers
  std::string directory;  // what the end of the file says of them
  std::size_t n_entries = 0;

 private:
  static std::string Number(std::size_t number, int n_bytes) {
    std::string bytes;
    for (int i = 0; i < n_bytes; ++i) {
      bytes += static_cast<char>(i < 8 ? number >> (8 * i) & 0xFF : 0);
    }
    return bytes;
  }
};

}  // namespace early_exit::testing
