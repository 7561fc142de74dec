#include "batches.h"

#include <gtest/gtest.h>

namespace early_exit {
namespace {

std::vector<std::size_t> Sizes(const std::vector<std::size_t>& lengths, std::size_t max_size,
                               std::size_t max_tokens) {
  std::vector<std::size_t> sizes;
  std::size_t next = 0;
  for (const auto& [first, size] : MakeBatches(lengths, max_size, max_tokens)) {
    EXPECT_EQ(first, next);
    next += size;
    sizes.push_back(size);
  }
  EXPECT_EQ(next, lengths.size());
  return sizes;
}

TEST(MakeBatches, CountsPaddingAsTokens) {
  using SizeList = std::vector<std::size_t>;
  EXPECT_EQ(Sizes({}, 4, 10), SizeList{});
  EXPECT_EQ(Sizes({1, 1, 1, 1, 1}, 4, 10), (SizeList{4, 1}));
  EXPECT_EQ(Sizes({3, 3, 4}, 4, 10), (SizeList{2, 1}));
  EXPECT_EQ(Sizes({3, 3, 3}, 4, 9), (SizeList{3}));
  EXPECT_EQ(Sizes({5, 50, 500}, 4, 10), (SizeList{1, 1, 1}));
  EXPECT_EQ(Sizes({SIZE_MAX / 2, SIZE_MAX}, 4, 10), (SizeList{1, 1}));
}

}  // namespace
}  // namespace early_exit
