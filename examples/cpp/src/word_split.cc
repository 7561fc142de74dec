#include "word_split.h"

#include "unicode_classes.h"
#include "utf8.h"

namespace early_exit {
namespace {

constexpr std::string_view kContractions[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};

// The end of the run of characters of class `wanted` that starts at `position`.
std::size_t EndOfRun(std::string_view text, std::size_t position, CharClass wanted) {
  while (position < text.size()) {
    const CodePoint next = DecodeUtf8(text, position);
    if (ClassOf(next.value) != wanted) break;
    position += next.n_bytes;
  }
  return position;
}

// `\s+(?!\S)|\s+`: white space before a word leaves its last character to that word, unless it is
// the only one.
std::size_t SpaceLength(std::string_view text, std::size_t offset) {
  std::size_t last = offset;  // start of the run's last character
  std::size_t end = offset;
  while (end < text.size()) {
    const CodePoint next = DecodeUtf8(text, end);
    if (ClassOf(next.value) != CharClass::kSpace) break;
    last = end;
    end += next.n_bytes;
  }
  const bool reaches_end = end == text.size();
  return (reaches_end || last == offset ? end : last) - offset;
}

}  // namespace

std::size_t WordLength(std::string_view text, std::size_t offset) {
  for (const std::string_view contraction : kContractions) {
    if (text.substr(offset, contraction.size()) == contraction) return contraction.size();
  }
  std::size_t start = offset;
  if (text[offset] == ' ' && offset + 1 < text.size()) ++start;  // the pattern's ` ?`
  const CharClass char_class = ClassOf(DecodeUtf8(text, start).value);
  if (char_class == CharClass::kSpace) return SpaceLength(text, offset);
  return EndOfRun(text, start, char_class) - offset;
}

}  // namespace early_exit
