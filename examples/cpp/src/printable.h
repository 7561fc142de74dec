#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace early_exit {

// `text` as part of one line of valid UTF-8: what is no character becomes U+FFFD, controls become
// blanks, and what is longer than `max_bytes` ends in "...".
std::string Printable(std::string_view text, std::size_t max_bytes = 80);

}  // namespace early_exit
