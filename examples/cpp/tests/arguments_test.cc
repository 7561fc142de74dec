#include "arguments.h"

#include <gtest/gtest.h>

#include <cmath>

#include "messages.h"

namespace early_exit::classify {
namespace {

TEST(Arguments, ReadsEveryOption) {
  const Arguments arguments =
      ParseArguments({"--model", "m.pt", "--threshold", "0.25", "--device=cuda:1", "--batch", "8",
                      "--threads=2", "--tokens"});
  EXPECT_EQ(arguments.classifier.model_path, "m.pt");
  EXPECT_EQ(arguments.classifier.threshold, std::optional<double>(0.25));
  EXPECT_FALSE(arguments.classifier.target_speedup.has_value());
  EXPECT_EQ(arguments.classifier.device, "cuda:1");
  EXPECT_EQ(arguments.classifier.batch_size, 8);
  EXPECT_EQ(arguments.threads, 2);
  EXPECT_TRUE(arguments.tokens);
  EXPECT_FALSE(arguments.help);
}

TEST(Arguments, ReadsSpeedupsAndOddThresholds) {
  EXPECT_EQ(ParseArguments({"--model=a=b", "--speedup", "1.5"}).classifier.target_speedup,
            std::optional<double>(1.5));
  EXPECT_EQ(ParseArguments({"--model=a=b"}).classifier.model_path, "a=b");
  EXPECT_EQ(ParseArguments({"--model=m", "--threshold", "-1"}).classifier.threshold,
            std::optional<double>(-1.0));
  EXPECT_TRUE(std::isinf(*ParseArguments({"--model=m", "--threshold=inf"}).classifier.threshold));
}

TEST(Arguments, HelpNeedsNothingElse) {
  EXPECT_TRUE(ParseArguments({"--help"}).help);
  EXPECT_TRUE(ParseArguments({"-h"}).help);
}

TEST(Arguments, NamesWhatIsWrong) {
  const auto refused = [](const std::vector<std::string>& words, const std::string& message) {
    ExpectThrows<std::invalid_argument>([&] { ParseArguments(words); }, message);
  };
  refused({}, "`--model` must name an archive");
  refused({"--model", "m", "x.txt"}, "'x.txt' is not known");
  refused({"--modle", "m"}, "'--modle' is not known");
  refused({"--tokens=yes"}, "'--tokens=yes' is not known");
  refused({"--model"}, "`--model` must be followed by a value");
  refused({"--threshold", "low"},
          "`--threshold` must be a number (for entropy, in nats), but is 'low'");
  refused({"--speedup", "2x"}, "`--speedup` must be a number, but is '2x' instead");
  refused({"--batch", "1.5"}, "`--batch` must be an integer, but is '1.5' instead");
  refused({"--batch", ""}, "but is '' instead");
  refused({"--threads", "0"}, "`--threads` must be in 1..4096, but is 0 instead");
  refused({"--threads", "-1"}, "`--threads` must be in 1..4096, but is -1 instead");
  refused({"--batch", "a\xff\n"}, "but is 'a\ufffd ' instead");
  refused({"--batch", "99999999999999999999"}, "`--batch` must be an integer");
}

}  // namespace
}  // namespace early_exit::classify
