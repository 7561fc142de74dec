#pragma once

#include <string>
#include <string_view>

namespace early_exit {

// What Hugging Face `tokenizers` does to text before it looks for words. Its normalization follows
// an older Unicode version than its lower-casing; the tables behind this are asked from it by
// tools/make_normalization_tables.py. Surrogates and code points above U+10FFFF stay as they are.

enum class Decomposition { kCanonical, kCompatibility };

// Normalization form D (canonical) or KD (compatibility): characters taken apart, and the marks
// after each in canonical order.
std::u32string Decompose(std::u32string_view text, Decomposition kind);

// General category Mn: what BertNormalizer strips as an accent.
bool IsNonspacingMark(char32_t code);

// General category M (Mn, Mc, Me): what StripAccents strips.
bool IsMark(char32_t code);

// The lower case of each character, without regard to its neighbours: one character, but two for
// U+0130.
std::u32string LowerCase(std::u32string_view text);

}  // namespace early_exit
