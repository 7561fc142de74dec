#pragma once

#include <cstddef>
#include <string_view>

namespace early_exit {

// Length in bytes of the word that starts at byte `offset` < text.size() of valid UTF-8, as GPT-2
// splits text before byte-pair encoding:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// Words follow each other without gaps.
std::size_t WordLength(std::string_view text, std::size_t offset);

}  // namespace early_exit
