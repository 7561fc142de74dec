#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace early_exit {

// The range of a sorted table that holds `code`, or null. A range has `first` and `last`; no two
// share a code point.
template <typename Range, std::size_t n>
const Range* FindRange(const Range (&ranges)[n], char32_t code) {
  if (code < ranges[0].first) return nullptr;
  const auto* range = std::lower_bound(
      std::begin(ranges), std::end(ranges), code,
      [](const Range& candidate, char32_t value) { return candidate.last < value; });
  return range != std::end(ranges) && range->first <= code ? range : nullptr;
}

}  // namespace early_exit
