#include "utf8.h"

#include <stdexcept>

namespace early_exit {
namespace {

// Number of bytes that a lead byte announces; 0 for a byte that cannot lead.
std::size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;  // a continuation byte, or an overlong form
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

}  // namespace

CodePoint DecodeUtf8(std::string_view text, std::size_t offset) {
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text[offset]);
  const std::size_t n_bytes = SequenceLength(lead);
  if (n_bytes == 1) return {lead, 1};
  if (n_bytes == 0 || n_bytes > text.size() - offset) return {};
  char32_t value = lead & (0x7F >> n_bytes);
  for (std::size_t i = 1; i < n_bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[offset + i]);
    if ((byte & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte & 0x3F);
  }
  const bool surrogate = value >= 0xD800 && value < 0xE000;
  if (value < kSmallest[n_bytes] || value > 0x10FFFF || surrogate) return {};
  return {value, n_bytes};
}

std::optional<std::size_t> FindIllFormedUtf8(std::string_view text) {
  for (std::size_t offset = 0; offset < text.size();) {
    const std::size_t n_bytes = DecodeUtf8(text, offset).n_bytes;
    if (n_bytes == 0) return offset;
    offset += n_bytes;
  }
  return std::nullopt;
}

void CheckUtf8(std::string_view text) {
  if (const auto bad = FindIllFormedUtf8(text)) {
    throw std::invalid_argument("A text must be valid UTF-8, but is not at byte " +
                                std::to_string(*bad) + ".");
  }
}

std::u32string DecodeAllUtf8(std::string_view text) {
  CheckUtf8(text);
  std::u32string codes;
  codes.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    const CodePoint next = DecodeUtf8(text, offset);
    codes += next.value;
    offset += next.n_bytes;
  }
  return codes;
}

void AppendUtf8(char32_t code, std::string* text) {
  const auto append = [text](char32_t byte) { *text += static_cast<char>(byte); };
  if (code < 0x80) {
    append(code);
  } else if (code < 0x800) {
    append(0xC0 | (code >> 6));
    append(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    append(0xE0 | (code >> 12));
    append(0x80 | ((code >> 6) & 0x3F));
    append(0x80 | (code & 0x3F));
  } else {
    append(0xF0 | (code >> 18));
    append(0x80 | ((code >> 12) & 0x3F));
    append(0x80 | ((code >> 6) & 0x3F));
    append(0x80 | (code & 0x3F));
  }
}

}  // namespace early_exit
