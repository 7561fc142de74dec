#include "character_map.h"

#include <stdexcept>

#include "little_endian.h"
#include "utf8.h"

namespace early_exit {
namespace {

constexpr std::size_t kUnitBytes = 4;
constexpr std::size_t kBlockBytes = 256 * kUnitBytes;  // a node's children share a block

// A unit of darts-clone is a node, or the value (31 bits) of the node before it. A node's label is
// the byte that led to it; its children lie at its place ^ offset ^ their label, its value at its
// place ^ offset.
constexpr std::uint32_t kIsValue = 1U << 31;

bool IsValue(std::uint32_t unit) { return (unit & kIsValue) != 0; }
std::uint32_t Label(std::uint32_t unit) { return unit & (kIsValue | 0xFF); }  // a value's: no byte
bool HasValue(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t Value(std::uint32_t unit) { return unit & ~kIsValue; }
std::uint32_t Offset(std::uint32_t unit) { return (unit >> 10) << ((unit & (1U << 9)) >> 6); }

[[noreturn]] void Fail(const std::string& problem) { throw std::invalid_argument(problem); }

bool StartsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

}  // namespace

CharacterMap::CharacterMap(std::string_view blob) {
  if (blob.empty()) return;
  if (blob.size() <= kUnitBytes) Fail("it ends within its size");
  const std::size_t n_bytes = ReadLittleEndian32(blob);
  blob.remove_prefix(kUnitBytes);
  if (n_bytes == 0 || n_bytes % kBlockBytes != 0) Fail("its size is no multiple of 1024 bytes");
  if (n_bytes >= blob.size()) Fail("it is cut off");
  for (std::size_t i = 0; i < n_bytes; i += kUnitBytes) {
    units_.push_back(ReadLittleEndian32(blob.substr(i)));
  }
  replacements_ = blob.substr(n_bytes);
  if (replacements_.back() != '\0') Fail("its last replacement has no end");
  if (FindIllFormedUtf8(replacements_)) Fail("its replacements are not UTF-8");
  CheckUnits();
}

void CharacterMap::CheckUnits() const {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const std::uint32_t unit = units_[i];
    if (i > 0 && IsValue(unit)) continue;
    const std::size_t below = i ^ Offset(unit);
    // There are whole blocks: if one place of a block exists, the other 255 do.
    if (below >= units_.size()) Fail("a node leads out of it");
    if (!HasValue(unit)) continue;
    const std::uint32_t value = Value(units_[below]);
    if (value >= replacements_.size() || !StartsCharacter(replacements_[value])) {
      Fail("a node has no replacement");
    }
  }
}

std::optional<CharacterMap::Match> CharacterMap::LongestMatch(std::string_view text) const {
  std::optional<std::size_t> longest;  // place of its replacement
  std::size_t n_bytes = 0;
  std::size_t place = units_.empty() ? 0 : Offset(units_[0]);
  for (std::size_t i = 0; i < text.size() && !units_.empty(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    place ^= byte;
    const std::uint32_t unit = units_[place];
    if (Label(unit) != byte) break;
    place ^= Offset(unit);
    if (!HasValue(unit)) continue;
    longest = Value(units_[place]);
    n_bytes = i + 1;
  }
  if (!longest) return std::nullopt;
  return Match{replacements_.data() + *longest, n_bytes};
}

}  // namespace early_exit
