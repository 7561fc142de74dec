#include "unigram.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "utf8.h"

namespace early_exit {
namespace {

constexpr std::string_view kSpace = "\u2581";
constexpr double kUnknownPenalty = 10.0;  // below the least probable piece

// The best way to cut the text before some place: its score and its last piece.
struct Best {
  double score = 0.0;
  std::size_t start = 0;
  std::int64_t id = -1;  // -1: there is none yet

  // The earlier start stays where scores are equal.
  void Offer(double other_score, std::size_t other_start, std::int64_t other_id) {
    if (id >= 0 && other_score <= score) return;
    *this = {other_score, other_start, other_id};
  }
};

}  // namespace

Unigram::Unigram(std::vector<UnigramPiece> pieces, std::int64_t unknown_id)
    : unknown_id_(unknown_id), ids_(1, -1) {
  double least = 0.0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto& [text, score, in_text] = pieces[i];
    scores_.push_back(score);
    least = i == 0 ? score : std::min(least, score);
    if (text.find(kSpace, 1) != std::string::npos) by_word_ = false;
    if (in_text) AddPiece(text, static_cast<std::int64_t>(i));
  }
  unknown_score_ = least - kUnknownPenalty;
}

void Unigram::AddPiece(const std::string& text, std::int64_t id) {
  Node node = 0;
  for (const char byte : text) {
    const auto [edge, is_new] = edges_.try_emplace(EdgeOf(node, byte), ids_.size());
    if (is_new) ids_.push_back(-1);
    node = edge->second;
  }
  ids_[node] = id;
}

const Unigram::Node* Unigram::FindChild(Node node, char byte) const {
  const auto edge = edges_.find(EdgeOf(node, byte));
  return edge == edges_.end() ? nullptr : &edge->second;
}

TokenIds Unigram::Encode(std::string_view text) const {
  TokenIds ids;
  while (!text.empty()) {
    const std::size_t end = by_word_ ? text.find(kSpace, 1) : std::string_view::npos;
    EncodeWord(text.substr(0, end), &ids);
    text.remove_prefix(std::min(end, text.size()));
  }
  return ids;
}

void Unigram::EncodeWord(std::string_view word, TokenIds* ids) const {
  std::vector<Best> best(word.size() + 1);  // by where the piece ends
  for (std::size_t start = 0; start < word.size();) {
    const std::size_t next = start + DecodeUtf8(word, start).n_bytes;
    const double score = best[start].score;
    Node node = 0;
    bool has_character = false;  // is there a piece of this one character?
    for (std::size_t end = start; end < word.size();) {
      const Node* child = FindChild(node, word[end++]);
      if (!child) break;
      node = *child;
      const std::int64_t id = ids_[node];
      if (id < 0) continue;
      best[end].Offer(scores_[static_cast<std::size_t>(id)] + score, start, id);
      has_character |= end == next;
    }
    if (!has_character) best[next].Offer(unknown_score_ + score, start, unknown_id_);
    start = next;
  }
  const auto first = static_cast<std::ptrdiff_t>(ids->size());
  for (std::size_t end = word.size(); end > 0; end = best[end].start) {
    const std::int64_t id = best[end].id;
    const bool goes_on = static_cast<std::ptrdiff_t>(ids->size()) > first && id == unknown_id_ &&
                         ids->back() == unknown_id_;
    if (!goes_on) ids->push_back(id);
  }
  std::reverse(ids->begin() + first, ids->end());
}

}  // namespace early_exit
