#include "input_layout.h"

#include <gtest/gtest.h>

#include <numeric>

namespace early_exit {
namespace {

TokenIds Tokens(std::size_t n, std::int64_t first) {
  TokenIds tokens(n);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

TEST(BuildInput, PutsSpecialTokensAround) {
  const InputLayout roberta{0, 2, 2};
  const InputLayout bert{7, 8, std::nullopt};
  EXPECT_EQ(BuildInput({10, 11}, std::nullopt, roberta, 9), (TokenIds{0, 10, 11, 2}));
  EXPECT_EQ(BuildInput({10}, TokenIds{20}, roberta, 9), (TokenIds{0, 10, 2, 2, 20, 2}));
  EXPECT_EQ(BuildInput({10}, TokenIds{20}, bert, 9), (TokenIds{7, 10, 8, 20, 8}));
}

TEST(BuildInput, CutsASingleTextAtItsEnd) {
  EXPECT_EQ(BuildInput(Tokens(9, 10), std::nullopt, {0, 2, 2}, 5), (TokenIds{0, 10, 11, 12, 2}));
}

// The rule itself: while the input is too long, the longer text loses its last token; when both are
// equally long, the one that was the shorter before, or the first.
TEST(BuildInput, CutsPairsAsATokenAtATimeWould) {
  const InputLayout layout{0, 2, 2};
  for (std::size_t n_first = 1; n_first < 12; ++n_first) {
    for (std::size_t n_second = 1; n_second < 12; ++n_second) {
      for (std::int64_t max_tokens = 6; max_tokens < 28; ++max_tokens) {
        TokenIds first = Tokens(n_first, 100);
        TokenIds second = Tokens(n_second, 200);
        while (static_cast<std::int64_t>(first.size() + second.size()) + 4 > max_tokens) {
          const bool tie = first.size() == second.size();
          const bool from_first = tie ? n_first <= n_second : first.size() > second.size();
          (from_first ? first : second).pop_back();
        }
        EXPECT_EQ(BuildInput(Tokens(n_first, 100), Tokens(n_second, 200), layout, max_tokens),
                  BuildInput(first, second, layout, 100))
            << n_first << " + " << n_second << " tokens, at most " << max_tokens;
      }
    }
  }
}

}  // namespace
}  // namespace early_exit
