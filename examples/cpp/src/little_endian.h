#pragma once

#include <cstdint>
#include <string_view>

namespace early_exit {

// The first four bytes of `bytes`, which has at least as many, the lowest first.
inline std::uint32_t ReadLittleEndian32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace early_exit
