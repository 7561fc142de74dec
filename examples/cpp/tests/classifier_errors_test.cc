#include <gtest/gtest.h>

#include <cmath>

#include "early_exit/classifier.h"
#include "expected.h"
#include "messages.h"

namespace early_exit {
namespace {

ClassifierOptions OptionsFor(const std::string& archive) {
  ClassifierOptions options;
  options.model_path = testing::ArchivePath(archive);
  return options;
}

TEST(ClassifierErrors, OneBadSentenceCostsNoOtherItsAnswer) {
  const Classifier classifier(OptionsFor("single.pt"));
  const std::vector<Sentence> sentences = {"fine", "", "dull", "\xff", TokenIds{0, -5, 2}};
  const std::vector<Outcome> outcomes = classifier.TryClassify(sentences);
  ASSERT_EQ(outcomes.size(), 5u);
  for (const std::size_t good : {0, 2}) {
    ASSERT_TRUE(outcomes[good].prediction.has_value());
    EXPECT_EQ(outcomes[good].prediction->label, classifier.Classify({sentences[good]})[0].label);
    EXPECT_EQ(outcomes[good].error, "");
  }
  for (const std::size_t bad : {1, 3, 4}) EXPECT_FALSE(outcomes[bad].prediction.has_value());
  for (const std::size_t bad : {1, 3, 4}) {
    EXPECT_EQ(outcomes[bad].error_kind, ErrorKind::kBadInput);
  }
  EXPECT_EQ(outcomes[0].error_kind, ErrorKind::kNone);
  EXPECT_EQ(outcomes[1].error, "A text must have at least one character, but is empty.");
}

// Metadata that promises too much lets through what the module then refuses, for a whole batch.
TEST(ClassifierErrors, ASentenceThatTheModelRefusesCostsNoOtherItsAnswer) {
  const Classifier classifier(OptionsFor("promising.pt"));
  const std::int64_t beyond = classifier.metadata().vocab_size - 1;
  const std::vector<Sentence> sentences = {"fine", TokenIds{0, beyond, 2}, "dull"};
  const std::vector<Outcome> outcomes = classifier.TryClassify(sentences);
  EXPECT_TRUE(outcomes[0].prediction.has_value());
  EXPECT_EQ(outcomes[1].error.rfind("The model failed: sentence 0 has the id ", 0), 0u)
      << outcomes[1].error;
  EXPECT_TRUE(outcomes[2].prediction.has_value());
  EXPECT_EQ(outcomes[1].error_kind, ErrorKind::kBadInput);
  ExpectThrows<std::invalid_argument>([&] { classifier.Classify(sentences); },
                                      "Sentence 1 (0-based): The model failed");
}

TEST(ClassifierErrors, ClassifyNamesTheFirstBadSentence) {
  const Classifier classifier(OptionsFor("single.pt"));
  ExpectThrows<std::invalid_argument>([&] { classifier.Classify({"fine", "\xff", ""}); },
                                      "Sentence 1 (0-based): A text must be valid UTF-8");
  EXPECT_EQ(classifier.Classify({"fine"}).size(), 1u);  // and stays usable
}

TEST(ClassifierErrors, RefusesBadOptions) {
  const auto refused = [](const ClassifierOptions& options, const std::string& message) {
    ExpectThrows<std::invalid_argument>([&] { Classifier classifier(options); }, message);
  };
  refused({}, "`model_path` must name an archive");
  ClassifierOptions both = OptionsFor("single.pt");
  both.threshold = 0.1;
  both.target_speedup = 2.0;
  refused(both, "must not both be given");
  ClassifierOptions nan = OptionsFor("single.pt");
  nan.threshold = std::nan("");
  refused(nan, "`threshold` must be a number (nats), but is NaN instead");
  ClassifierOptions no_batch = OptionsFor("single.pt");
  no_batch.batch_size = 0;
  refused(no_batch, "`batch_size` must be in 1..65536, but is 0 instead");
  ClassifierOptions no_tokens = OptionsFor("single.pt");
  no_tokens.batch_tokens = 0;
  refused(no_tokens, "`batch_tokens` must be in 1..16777216, but is 0 instead");
  for (const char* name : {"abacus", "", "cpu:1", "cuda:99", "meta"}) {
    ClassifierOptions device = OptionsFor("single.pt");
    device.device = name;
    refused(device, "but is '" + std::string(name) + "' instead");
  }
}

TEST(ClassifierErrors, ListsTheSpeedupsThatTheArchiveHas) {
  ClassifierOptions options = OptionsFor("single.pt");
  options.target_speedup = 3.0;
  ExpectThrows<std::invalid_argument>([&] { Classifier classifier(options); },
                                      "operating points (2, 1.5), but is 3 instead");
  options.model_path = testing::ArchivePath("pair.pt");
  ExpectThrows<std::invalid_argument>([&] { Classifier classifier(options); }, "points (none;");
}

TEST(ClassifierErrors, RefusesWhatIsNoArchive) {
  const auto refused = [](const std::string& archive, const std::string& message) {
    ExpectThrows<std::runtime_error>([&] { Classifier classifier(OptionsFor(archive)); }, message);
  };
  refused("missing.pt", "must be a readable file");
  refused("text.pt", "but is no TorchScript archive, or is damaged");
  refused("truncated.pt", "but is no TorchScript archive, or is damaged");
  refused("checkpoint.pt", "has no extra file 'metadata.json'");
  refused("no_metadata.pt", "has no extra file 'metadata.json'");
  refused("lost_files.pt", "has no extra file 'encoder.json'");
  refused("newer.pt", "format_version is 99, but this build reads only up to 2");
  refused("", "must be a readable file");
}

TEST(ClassifierErrors, AnArchiveWithoutTokenizerStillTakesTokenIds) {
  const Classifier classifier(OptionsFor("tokens_only.pt"));
  EXPECT_EQ(classifier.Classify({TokenIds{0, 5, 6, 2}}).size(), 1u);
  ExpectThrows<std::invalid_argument>([&] { classifier.Classify({"fine"}); }, "has no tokenizer");
}

}  // namespace
}  // namespace early_exit
