#include "printable.h"

#include "utf8.h"

namespace early_exit {
namespace {

constexpr std::string_view kReplacementCharacter = "\ufffd";

// C0, DEL, C1, and the two separators that some readers take for line breaks.
bool IsControl(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029;
}

}  // namespace

std::string Printable(std::string_view text, std::size_t max_bytes) {
  std::string printable;
  for (std::size_t offset = 0; offset < text.size();) {
    if (printable.size() >= max_bytes) return printable + "...";
    const CodePoint next = DecodeUtf8(text, offset);
    if (next.n_bytes == 0) {
      printable += kReplacementCharacter;
      ++offset;
      continue;
    }
    if (IsControl(next.value)) {
      printable += ' ';
    } else {
      printable += text.substr(offset, next.n_bytes);
    }
    offset += next.n_bytes;
  }
  return printable;
}

}  // namespace early_exit
