#pragma once

namespace early_exit {

// The classes that GPT-2's word pattern tells apart: \p{L}, \p{N}, \s and the rest.
enum class CharClass : unsigned char { kOther, kLetter, kNumber, kSpace };

// Class of a code point, as the installed Hugging Face `tokenizers` sees it: the table behind this
// is written by tools/make_unicode_tables.py.
CharClass ClassOf(char32_t code);

}  // namespace early_exit
