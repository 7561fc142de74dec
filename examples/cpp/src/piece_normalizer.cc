#include "piece_normalizer.h"

#include <algorithm>
#include <utility>

#include "utf8.h"

namespace early_exit {
namespace {

constexpr std::string_view kSpaceSymbol = "\u2581";
constexpr std::size_t kLongestMapped = 1024;  // bytes; published maps have strings of 50 at most
constexpr std::string_view kReplacementCharacter = "\ufffd";

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::vector<std::string> UserSymbols(const SentencePieceModel& model) {
  std::vector<std::string> symbols;
  for (const SentencePieceEntry& piece : model.pieces) {
    if (piece.type == PieceType::kUserDefined) symbols.push_back(piece.text);
  }
  return symbols;
}

}  // namespace

PieceNormalizer::PieceNormalizer(const SentencePieceModel& model)
    : PieceNormalizer(model.normalizer, UserSymbols(model)) {}

PieceNormalizer::PieceNormalizer(NormalizerSpec spec, std::vector<std::string> user_symbols)
    : spec_(std::move(spec)),
      map_(spec_.precompiled_charsmap),
      user_symbols_(std::move(user_symbols)),
      space_(spec_.escape_whitespaces ? kSpaceSymbol : " ") {
  std::sort(
      user_symbols_.begin(), user_symbols_.end(),
      [](const std::string& left, const std::string& right) { return left.size() > right.size(); });
}

PieceNormalizer::Prefix PieceNormalizer::NormalizePrefix(std::string_view text) const {
  for (const std::string& symbol : user_symbols_) {
    if (StartsWith(text, symbol)) return {text.substr(0, symbol.size()), symbol.size()};
  }
  if (const auto match = map_.LongestMatch(text)) return {match->replacement, match->n_bytes};
  const std::size_t n_bytes = DecodeUtf8(text, 0).n_bytes;
  if (n_bytes == 0) return {kReplacementCharacter, 1};  // what came before ended in a character
  return {text.substr(0, n_bytes), n_bytes};
}

void PieceNormalizer::AppendMapped(std::string_view text, std::string* normalized) const {
  bool after_space = spec_.remove_extra_whitespaces;
  while (!text.empty()) {
    auto [mapped, n_bytes] = NormalizePrefix(text);
    text.remove_prefix(n_bytes);
    while (after_space && StartsWith(mapped, " ")) mapped.remove_prefix(1);
    if (mapped.empty()) continue;
    for (const char byte : mapped) {
      if (byte == ' ') {
        *normalized += space_;
      } else {
        *normalized += byte;
      }
    }
    after_space = spec_.remove_extra_whitespaces && mapped.back() == ' ';
  }
}

std::string PieceNormalizer::Normalize(std::string_view text) const {
  std::string normalized;
  if (spec_.remove_extra_whitespaces) {
    while (!text.empty()) {
      const Prefix prefix = NormalizePrefix(text);
      if (prefix.normalized != " ") break;
      text.remove_prefix(prefix.n_bytes);
    }
  }
  if (text.empty()) return normalized;
  const bool space_behind = spec_.treat_whitespace_as_suffix;
  if (spec_.add_dummy_prefix && !space_behind) normalized += space_;
  AppendMapped(text, &normalized);
  if (spec_.remove_extra_whitespaces) {
    while (EndsWith(normalized, space_)) normalized.resize(normalized.size() - space_.size());
  }
  if (spec_.add_dummy_prefix && space_behind) normalized += space_;
  return normalized;
}

bool PieceNormalizer::ReachesOver(std::string_view text, std::size_t cut) const {
  for (std::size_t start = cut - std::min(cut, kLongestMapped); start < cut; ++start) {
    if (DecodeUtf8(text, start).n_bytes == 0) continue;  // inside a character
    if (NormalizePrefix(text.substr(start)).n_bytes > cut - start) return true;
  }
  return false;
}

}  // namespace early_exit
