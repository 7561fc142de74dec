#include "byte_level_bpe.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <queue>
#include <stdexcept>
#include <utility>
#include <vector>

#include "json.h"
#include "printable.h"
#include "utf8.h"
#include "word_split.h"

namespace early_exit {
namespace {

using Vocab = std::unordered_map<std::string, std::uint32_t>;

Vocab ReadVocab(std::string_view text) {
  const Json json = Json::Parse(text);
  Vocab vocab;
  for (const auto& [token, value] : json.object()) {
    const std::int64_t id = value.integer();
    if (id < 0 || id > std::numeric_limits<std::int32_t>::max()) {
      throw JsonError("has the impossible id " + std::to_string(id));
    }
    vocab.emplace(token, static_cast<std::uint32_t>(id));
  }
  return vocab;
}

// The printable character by which GPT-2's files write each byte: itself where it is printable in
// Latin-1, else the next free one from U+0100 on.
std::array<std::string, 256> ByteSymbols() {
  std::array<std::string, 256> symbols;
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
    AppendUtf8(printable ? byte : next++, &symbols[byte]);
  }
  return symbols;
}

// Calls `use(line)` for each line that holds a merge: all but a first line `#version...`.
template <typename Use>
void ForEachMerge(std::string_view text, Use use) {
  if (text.substr(0, 8) == "#version") text.remove_prefix(std::min(text.find('\n'), text.size()));
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty()) use(line);
  }
}

// The bytes of those symbols.
class SymbolBytes {
 public:
  explicit SymbolBytes(const std::array<std::string, 256>& symbols) {
    for (std::size_t byte = 0; byte < symbols.size(); ++byte) {
      bytes_.emplace(symbols[byte], static_cast<unsigned char>(byte));
    }
  }

  // None for a token that bytes do not lead to.
  std::optional<unsigned char> First(const std::string& token) const {
    return Find(token.substr(0, DecodeUtf8(token, 0).n_bytes));
  }
  std::optional<unsigned char> Last(const std::string& token) const {
    std::size_t start = token.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(token[start]) & 0xC0) == 0x80) --start;
    return Find(token.substr(start));
  }

 private:
  std::optional<unsigned char> Find(const std::string& symbol) const {
    const auto found = bytes_.find(symbol);
    return found == bytes_.end() ? std::nullopt : std::optional(found->second);
  }

  std::unordered_map<std::string, unsigned char> bytes_;
};

std::uint32_t Find(const Vocab& vocab, std::string_view token) {
  const auto found = vocab.find(std::string(token));
  if (found != vocab.end()) return found->second;
  throw std::runtime_error("The tokenizer's vocabulary lacks the token '" + Printable(token) +
                           "', which its merges or the bytes of UTF-8 need.");
}

}  // namespace

std::size_t ByteLevelBpe::PairHash::operator()(std::uint64_t pair) const {
  // Ids are small and dense: a multiplication spreads them, a shift brings the good bits down.
  return static_cast<std::size_t>((pair * 0x9E3779B97F4A7C15ULL) >> 20);
}

ByteLevelBpe::ByteLevelBpe(std::string_view vocab_json, std::string_view merges) {
  const Vocab vocab = ReadVocab(vocab_json);
  for (const auto& [token, id] : vocab) vocab_size_ = std::max(vocab_size_, std::int64_t{id} + 1);
  const auto symbols = ByteSymbols();
  for (std::size_t byte = 0; byte < 256; ++byte) byte_ids_[byte] = Find(vocab, symbols[byte]);

  const SymbolBytes symbol_bytes(symbols);
  std::uint32_t rank = 0;
  ForEachMerge(merges, [&](std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      throw std::runtime_error("A line of the tokenizer's merges must be two tokens, but is '" +
                               Printable(line) + "' instead.");
    }
    const std::string left(line.substr(0, space));
    const std::string right(line.substr(space + 1));
    merges_[PairOf(Find(vocab, left), Find(vocab, right))] = {rank++, Find(vocab, left + right)};
    const auto before = symbol_bytes.Last(left), after = symbol_bytes.First(right);
    if (before && after) seams_.set(SeamOf(*before, *after));
  });
}

// One word under merging: symbols in a doubly linked list, candidate merges in a heap, so that a
// word of n bytes costs n log n, however long.
class ByteLevelBpe::Word {
 public:
  Word(const ByteLevelBpe& bpe, std::string_view bytes) : bpe_(bpe) {
    if (bytes.size() > std::numeric_limits<int>::max()) throw std::length_error("a word of 2 GB");
    const int n = static_cast<int>(bytes.size());
    symbols_.reserve(bytes.size());
    for (int i = 0; i < n; ++i) {
      const Id id = bpe.byte_ids_[static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)])];
      symbols_.push_back({id, i - 1, i + 1 < n ? i + 1 : -1, true});
    }
    for (int i = 0; i < n; ++i) Consider(i);
  }

  void MergeAll() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      Symbol& left = At(best.position);
      if (!left.alive || left.next < 0) continue;
      if (PairOf(left.id, At(left.next).id) != best.pair) continue;  // one of the two has changed
      left.id = best.merged;
      Symbol& right = At(left.next);
      right.alive = false;
      left.next = right.next;
      if (left.next >= 0) At(left.next).previous = best.position;
      Consider(left.previous);
      Consider(best.position);
    }
  }

  std::size_t size() const { return symbols_.size(); }  // in bytes

  void AppendIds(TokenIds* ids) const {
    for (const Symbol& symbol : symbols_) {
      if (symbol.alive) ids->push_back(symbol.id);
    }
  }

 private:
  struct Symbol {
    Id id;
    int previous;  // -1: none
    int next;      // -1: none
    bool alive;
  };
  struct Candidate {
    std::uint32_t rank;
    int position;  // of the left symbol
    Id merged;
    std::uint64_t pair;
    // The heap gives its largest first: the lowest rank, and of equal ones the leftmost.
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  Symbol& At(int position) { return symbols_[static_cast<std::size_t>(position)]; }

  // Puts the pair that starts at `position` among the candidates if it can be merged.
  void Consider(int position) {
    if (position < 0 || At(position).next < 0) return;
    const std::uint64_t pair = PairOf(At(position).id, At(At(position).next).id);
    const auto found = bpe_.merges_.find(pair);
    if (found == bpe_.merges_.end()) return;
    candidates_.push({found->second.rank, position, found->second.merged, pair});
  }

  const ByteLevelBpe& bpe_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> candidates_;
};

std::size_t ByteLevelBpe::PartLength(std::string_view word) const {
  for (std::size_t i = 1; i < word.size(); ++i) {
    const auto left = static_cast<unsigned char>(word[i - 1]);
    if (!seams_.test(SeamOf(left, static_cast<unsigned char>(word[i])))) return i;
  }
  return word.size();
}

// A word is cut only where no merge can reach over the cut, so that its parts give the ids of the
// whole: what comes behind may otherwise change ids at its very start.
TokenIds ByteLevelBpe::EncodeStart(std::string_view text, std::size_t limit) const {
  CheckUtf8(text);
  TokenIds ids;
  while (!text.empty() && ids.size() < limit) {
    std::string_view rest = text.substr(0, WordLength(text, 0));
    text.remove_prefix(rest.size());
    while (!rest.empty() && ids.size() < limit) {
      Word part(*this, rest.substr(0, PartLength(rest)));
      part.MergeAll();
      part.AppendIds(&ids);
      rest.remove_prefix(part.size());
    }
  }
  ids.resize(std::min(ids.size(), limit));
  return ids;
}

std::unique_ptr<Tokenizer> MakeByteLevelBpe(const TokenizerFiles& files, const SpecialPieces&) {
  const bool openai_names = files.count("encoder.json") > 0;
  const std::string vocab = openai_names ? "encoder.json" : "vocab.json";
  const std::string merges = openai_names ? "vocab.bpe" : "merges.txt";
  for (const std::string& name : {vocab, merges}) {
    if (files.count(name) == 0) {
      throw std::runtime_error("A byte-level BPE tokenizer must have the file '" + name +
                               "' (or encoder.json and vocab.bpe, or vocab.json and merges.txt).");
    }
  }
  try {
    return std::make_unique<ByteLevelBpe>(files.at(vocab), files.at(merges));
  } catch (const JsonError& error) {
    throw std::runtime_error("The tokenizer's " + vocab + " is malformed: " + error.what() + ".");
  }
}

}  // namespace early_exit
