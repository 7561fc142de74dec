#include "word_piece.h"

#include <algorithm>
#include <stdexcept>

#include "printable.h"
#include "tokenizer_config.h"
#include "unicode_normalization.h"
#include "utf8.h"

namespace early_exit {
namespace {

constexpr std::size_t kMaxWordLength = 100;  // in characters
constexpr std::size_t kBlockSize = 4096;     // bytes that are normalized at a time
constexpr std::int64_t kNoPiece = -1;

[[noreturn]] void Fail(const std::string& problem) {
  throw std::runtime_error("The tokenizer's vocab.txt " + problem + ".");
}

// Calls `use(line)` for each line, without its end.
template <typename Use>
void ForEachLine(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    use(line);
  }
}

BertOptions ReadOptions(std::string_view text) {
  const TokenizerConfig config(text);
  BertOptions options;
  options.lower_case = config.Flag("do_lower_case", true);
  options.strip_accents =
      config.IsNull("strip_accents") ? options.lower_case : config.Flag("strip_accents", true);
  options.split_chinese = config.Flag("tokenize_chinese_chars", true);
  return options;
}

}  // namespace

std::size_t WordPiece::StepHash::operator()(std::uint64_t step) const {
  // Nodes and characters are small and dense: a multiplication spreads them.
  return static_cast<std::size_t>((step * 0x9E3779B97F4A7C15ULL) >> 20);
}

WordPiece::WordPiece(std::string_view vocab, const BertOptions& options,
                     const SpecialPieces& special_pieces)
    : options_(options), node_ids_(1, kNoPiece) {
  if (const auto bad = FindIllFormedUtf8(vocab)) {
    Fail("must be valid UTF-8, but is not at byte " + std::to_string(*bad));
  }
  ForEachLine(vocab, [this](std::string_view line) { Add(line); });
  const auto& [bos, pad, eos, unk, mask] = special_pieces;
  if (!unk) Fail("must have an unknown piece, but the archive names none");
  for (const auto& piece : {bos, pad, eos, unk, mask}) {
    if (!piece || IdOf(DecodeAllUtf8(*piece)) != kNoPiece) continue;
    Fail("must hold the special piece " + Printable(*piece) + ", but lacks it");
  }
  unknown_id_ = IdOf(DecodeAllUtf8(*unk));
  continuing_ = Step(Step(0, U'#'), U'#');
}

void WordPiece::Add(std::string_view piece) {
  Node node = 0;
  for (const char32_t code : DecodeAllUtf8(piece)) {
    const auto next = static_cast<Node>(node_ids_.size());
    const auto [step, is_new] = steps_.emplace(StepOf(node, code), next);
    if (is_new) node_ids_.push_back(kNoPiece);
    node = step->second;
  }
  const std::int64_t id = vocab_size_++;
  if (node == 0 || node_ids_[node] != kNoPiece) {
    Fail("must have a piece of its own on each line, but line " + std::to_string(id + 1) + " is '" +
         Printable(piece) + "'");
  }
  node_ids_[node] = id;
}

WordPiece::Node WordPiece::Step(Node node, char32_t code) const {
  const auto found = steps_.find(StepOf(node, code));
  return found == steps_.end() ? 0 : found->second;
}

std::int64_t WordPiece::IdOf(std::u32string_view piece) const {
  const Match match = LongestPiece(0, piece);
  return match.length == piece.size() ? match.id : kNoPiece;
}

WordPiece::Match WordPiece::LongestPiece(Node node, std::u32string_view text) const {
  Match longest{kNoPiece, 0};
  for (std::size_t position = 0; position < text.size(); ++position) {
    node = Step(node, text[position]);
    if (node == 0) break;
    if (node_ids_[node] != kNoPiece) longest = {node_ids_[node], position + 1};
  }
  return longest;
}

void WordPiece::AppendPieces(std::u32string_view word, TokenIds* ids) const {
  const std::size_t n_before = ids->size();
  bool known = word.size() <= kMaxWordLength;
  for (std::size_t start = 0; known && start < word.size();) {
    const bool at_start = start == 0;
    const Match match = LongestPiece(at_start ? 0 : continuing_, word.substr(start));
    known = match.id != kNoPiece && (at_start || continuing_ != 0);
    ids->push_back(match.id);
    start += match.length;
  }
  if (known) return;
  ids->resize(n_before);
  ids->push_back(unknown_id_);
}

TokenIds WordPiece::EncodeStart(std::string_view text, std::size_t limit) const {
  CheckUtf8(text);
  TokenIds ids;
  BertWordSplitter words(kMaxWordLength + 1,
                         [&](std::u32string_view word) { AppendPieces(word, &ids); });
  while (!text.empty() && ids.size() < limit) {
    const std::size_t n = BertBlockLength(text, kBlockSize);
    words.Add(NormalizeForBert(DecodeAllUtf8(text.substr(0, n)), options_));
    text.remove_prefix(n);
  }
  if (text.empty()) words.Finish();
  ids.resize(std::min(ids.size(), limit));
  return ids;
}

std::unique_ptr<Tokenizer> MakeWordPiece(const TokenizerFiles& files,
                                         const SpecialPieces& special_pieces) {
  const auto vocab = files.find("vocab.txt");
  if (vocab == files.end()) {
    throw std::runtime_error("A BERT tokenizer must have the file 'vocab.txt'.");
  }
  const auto config = files.find(kTokenizerConfigName);
  const BertOptions options = config == files.end() ? BertOptions{} : ReadOptions(config->second);
  return std::make_unique<WordPiece>(vocab->second, options, special_pieces);
}

}  // namespace early_exit
