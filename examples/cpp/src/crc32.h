#pragma once

#include <cstddef>
#include <cstdint>

namespace early_exit {

// CRC-32 as zip files have it (polynomial 0xEDB88320), taken up where `crc` ends: 0 at the start.
std::uint32_t Crc32(const void* data, std::size_t size, std::uint32_t crc = 0);

}  // namespace early_exit
