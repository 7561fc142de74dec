#include "printable.h"

#include <gtest/gtest.h>

#include "utf8.h"

namespace early_exit {
namespace {

TEST(Printable, IsOneLineOfUtf8) {
  EXPECT_EQ(Printable("caf\u00e9 \u65e5 \U0001f600"), "caf\u00e9 \u65e5 \U0001f600");
  EXPECT_EQ(Printable(std::string("a\0b\tc\nd\x7f", 8)), "a b c d ");
  EXPECT_EQ(Printable("\u0085\u2028\u2029\u009b"), "    ");
  EXPECT_EQ(Printable("\xff\xc3"), "\ufffd\ufffd");
}

TEST(Printable, EndsBetweenCharacters) {
  EXPECT_EQ(Printable("12345", 5), "12345");
  EXPECT_EQ(Printable("123456", 5), "12345...");
  for (std::size_t n = 0; n < 12; ++n) {
    EXPECT_FALSE(FindIllFormedUtf8(Printable("\u65e5\u65e5\u65e5\u65e5", n)).has_value());
  }
}

}  // namespace
}  // namespace early_exit
