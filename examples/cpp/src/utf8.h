#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace early_exit {

struct CodePoint {
  char32_t value = 0;
  std::size_t n_bytes = 0;  // 0: the bytes are ill-formed
};

// Decodes the code point that starts at byte `offset` < text.size(), by Unicode's table of
// well-formed sequences: no surrogates, no overlong forms, nothing above U+10FFFF.
CodePoint DecodeUtf8(std::string_view text, std::size_t offset);

// Offset of the first ill-formed sequence, if there is one.
std::optional<std::size_t> FindIllFormedUtf8(std::string_view text);

// Throws std::invalid_argument, which says where, if `text` is ill-formed.
void CheckUtf8(std::string_view text);

// Decodes valid UTF-8 as a whole. Throws std::invalid_argument if it is ill-formed.
std::u32string DecodeAllUtf8(std::string_view text);

// Appends a code point that is no surrogate and at most U+10FFFF.
void AppendUtf8(char32_t code, std::string* text);

}  // namespace early_exit
