#include "albert_normalization.h"

#include "tokenizer_config.h"
#include "unicode_normalization.h"
#include "utf8.h"

namespace early_exit {
namespace {

// Unicode's white space but U+000B, which the character map of ALBERT's model drops.
bool IsSpace(char32_t code) {
  return (code >= U'\t' && code <= U'\r' && code != U'\v') || code == U' ' || code == 0x85 ||
         code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

std::u32string CollapseSpace(std::u32string_view text) {
  std::u32string collapsed;
  bool pending = false;
  for (const char32_t code : text) {
    if (IsSpace(code)) {
      pending = !collapsed.empty();
      continue;
    }
    if (pending) collapsed += U' ';
    pending = false;
    collapsed += code;
  }
  return collapsed;
}

// Two grave accents or two apostrophes are LaTeX's quotation marks.
std::u32string ReplaceQuotes(std::u32string_view text) {
  std::u32string replaced;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool quote = text[i] == U'`' || text[i] == U'\'';
    const bool twice = quote && i + 1 < text.size() && text[i + 1] == text[i];
    replaced += twice ? U'"' : text[i];
    i += twice;
  }
  return replaced;
}

std::u32string RemoveAccents(std::u32string_view text) {
  std::u32string kept;
  for (const char32_t code : Decompose(text, Decomposition::kCompatibility)) {
    if (!IsMark(code)) kept += code;
  }
  return kept;
}

}  // namespace

AlbertOptions ReadAlbertOptions(std::string_view tokenizer_config) {
  const TokenizerConfig config(tokenizer_config);
  const AlbertOptions defaults;
  return {config.Flag("do_lower_case", defaults.do_lower_case),
          config.Flag("remove_space", defaults.remove_space),
          config.Flag("keep_accents", defaults.keep_accents)};
}

std::string NormalizeAlbert(std::string_view text, const AlbertOptions& options) {
  std::u32string codes = DecodeAllUtf8(text);
  if (options.remove_space) codes = CollapseSpace(codes);
  codes = ReplaceQuotes(codes);
  if (!options.keep_accents) codes = RemoveAccents(codes);
  if (options.do_lower_case) codes = LowerCase(codes);
  std::string normalized;
  for (const char32_t code : codes) AppendUtf8(code, &normalized);
  return normalized;
}

}  // namespace early_exit
