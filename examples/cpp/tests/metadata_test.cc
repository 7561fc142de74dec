#include "early_exit/metadata.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "expected.h"
#include "messages.h"

namespace early_exit {
namespace {

constexpr char kGood[] = R"({
  "format_version": 1, "backbone": "roberta", "exit_method": "past_future", "policy": "entropy",
  "task": "MRPC", "labels": ["0", "1"], "pair": true, "n_layers": 6, "vocab_size": 100,
  "max_positions": 64, "max_tokens": 32, "dtype": "float32",
  "special_tokens": {"bos": 0, "pad": 1, "eos": 2, "unk": 3, "mask": 99},
  "init_token": 0, "separator_token": 2, "min_exit_layer": 1, "check_interval": 1,
  "operating_points": [{"name": "2", "target_speedup": 2.0, "threshold": 0.25, "speedup": 2.1,
                        "accuracy": null}],
  "default": "2", "default_threshold": 0.25,
  "tokenizer": {"kind": "roberta", "files": ["a", "b"], "token_id_map": [4, 5]},
  "of a later version": {}})";

// kGood with `old_text` replaced.
std::string With(const std::string& old_text, const std::string& new_text) {
  std::string json = kGood;
  return json.replace(json.find(old_text), old_text.size(), new_text);
}

TEST(Metadata, ReadsEveryField) {
  const Metadata metadata = ParseMetadata(kGood);
  EXPECT_EQ(metadata.backbone, "roberta");
  EXPECT_EQ(metadata.task, "MRPC");
  EXPECT_EQ(metadata.labels, (std::vector<std::string>{"0", "1"}));
  EXPECT_TRUE(metadata.pair);
  EXPECT_EQ(metadata.n_layers, 6);
  EXPECT_EQ(metadata.vocab_size, 100);
  EXPECT_EQ(metadata.max_positions, 64);
  EXPECT_EQ(metadata.max_tokens, 32);
  EXPECT_EQ(metadata.pad_token, 1);
  EXPECT_EQ(metadata.layout.init_token, 0);
  EXPECT_EQ(metadata.layout.eos_token, 2);
  EXPECT_EQ(metadata.layout.separator_token, std::optional<std::int64_t>(2));
  ASSERT_EQ(metadata.operating_points.size(), 1u);
  EXPECT_EQ(metadata.operating_points[0].name, "2");
  EXPECT_EQ(metadata.operating_points[0].threshold, std::optional<double>(0.25));
  EXPECT_FALSE(metadata.operating_points[0].accuracy.has_value());
  ASSERT_TRUE(metadata.tokenizer.has_value());
  EXPECT_EQ(metadata.tokenizer->files, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(metadata.tokenizer->token_id_map, (std::vector<std::int64_t>{4, 5}));
}

TEST(Metadata, TakesNullWhereThereIsNothing) {
  const std::string no_map = With("[4, 5]", "null");
  EXPECT_TRUE(ParseMetadata(no_map).tokenizer->token_id_map.empty());
  EXPECT_FALSE(ParseMetadata(With("\"separator_token\": 2", "\"separator_token\": null"))
                   .layout.separator_token.has_value());
}

// kGood as format 2 writes it, with `old_text` replaced.
std::string Format2(const std::string& old_text = "{", const std::string& new_text = "{") {
  std::string json = With("\"format_version\": 1", "\"format_version\": 2");
  const auto replace = [&json](const std::string& from, const std::string& to) {
    json.replace(json.find(from), from.size(), to);
  };
  replace("\"policy\": \"entropy\"",
          R"("policy": {"name": "max_probability", "parameter_unit": "probability", "sign": 1,
                       "never": 1.0})");
  replace("\"files\": [\"a\", \"b\"]",
          R"("files": ["a", "b"], "special_pieces": {"bos": "<s>", "pad": "<pad>", "eos": "</s>",
             "unk": "[UNK]", "mask": null})");
  replace("\"min_exit_layer\": 1, \"check_interval\": 1",
          R"("min_exit_layer": 3, "check_interval": 2)");
  replace(old_text, new_text);
  return json;
}

TEST(Metadata, ReadsFormat2) {
  const Metadata metadata = ParseMetadata(Format2());
  EXPECT_EQ(metadata.format_version, 2);
  EXPECT_EQ(metadata.policy.name, "max_probability");
  EXPECT_EQ(metadata.policy.parameter_unit, "probability");
  EXPECT_EQ(metadata.policy.sign, 1);
  EXPECT_EQ(metadata.policy.never, 1.0);
  EXPECT_EQ(metadata.min_exit_layer, 3);
  EXPECT_EQ(metadata.check_interval, 2);
  EXPECT_EQ(metadata.tokenizer->special_pieces.unk, std::optional<std::string>("[UNK]"));
  EXPECT_EQ(metadata.tokenizer->special_pieces.bos, std::optional<std::string>("<s>"));
  EXPECT_FALSE(metadata.tokenizer->special_pieces.mask.has_value());
}

TEST(Metadata, OfFormat1MeansEntropyAndTheTokenizersOwnNames) {
  const Metadata metadata = ParseMetadata(kGood);
  EXPECT_EQ(metadata.policy.name, "entropy");
  EXPECT_EQ(metadata.policy.parameter_unit, "nats");
  EXPECT_EQ(metadata.policy.sign, -1);
  EXPECT_EQ(metadata.policy.never, 0.0);
  EXPECT_EQ(metadata.tokenizer->special_pieces.unk, std::optional<std::string>("<unk>"));
}

TEST(Metadata, GivesTheParameterOfADefaultAPointAndFullDepth) {
  const Metadata metadata = ParseMetadata(Format2());
  EXPECT_EQ(metadata.DefaultParameter(), 0.25);
  EXPECT_EQ(metadata.ParameterFor(2.0), 0.25);
  EXPECT_EQ(metadata.ParameterFor(1.0), 1.0);  // of this policy, never
  ExpectThrows<std::invalid_argument>([&] { metadata.ParameterFor(3.0); },
                                      "operating points (2), but is 3 instead");
  const std::string no_default = Format2("\"default\": \"2\",", "\"default\": null,");
  ExpectThrows<std::runtime_error>([&] { ParseMetadata(no_default); },
                                   "the one of its `default` (1), but it is 0.25 instead");
  const Metadata never = ParseMetadata(Format2("\"default\": \"2\", \"default_threshold\": 0.25",
                                               "\"default\": null, \"default_threshold\": 1.0"));
  EXPECT_EQ(never.DefaultParameter(), 1.0);
}

TEST(Metadata, RefusesAPolicyWithoutAValidDescription) {
  const struct {
    const char* old_text;
    const char* new_text;
    const char* message;
  } cases[] = {
      {"\"sign\": 1", "\"sign\": \"1\"", "`policy`'s `sign` that must be an integer"},
      {"\"never\": 1.0", "\"never\": 1e400", "is not well-formed"},
      {"\"parameter_unit\": \"probability\",", "", "has no `policy`'s `parameter_unit`"},
      {"\"unk\": \"[UNK]\"", "\"unk\": 3", "`special_pieces`'s `unk` that must be a string"},
      {"\"kind\": \"roberta\"", "\"kind\": \"gpt\\u0000\"", "but it is 'gpt ' instead"},
      {"\"default\": \"2\"", "\"default\": \"3\"", "one of its `operating_points`, but it is '3'"},
      {"\"threshold\": 0.25", "\"threshold\": null", "whose operating point has no threshold"},
      {"\"threshold\": 0.25", "\"threshold\": NaN", "is not well-formed"},
      {"0.25, \"speedup\"", "\"x\", \"speedup\"",
       "`operating_points[0]`'s `threshold` that must be"},
  };
  for (const auto& [old_text, new_text, message] : cases) {
    SCOPED_TRACE(new_text);
    ExpectThrows<std::runtime_error>([&] { ParseMetadata(Format2(old_text, new_text)); }, message);
  }
  ExpectThrows<std::runtime_error>([] { ParseMetadata(With("\"entropy\"", "\"patience\"")); },
                                   "must have the `policy` 'entropy' in format 1");
}

TEST(Metadata, RefusesANewerFormatWhateverElseItHolds) {
  ExpectThrows<std::runtime_error>([] { ParseMetadata(R"({"format_version": 3})"); },
                                   "format_version is 3, but this build reads only up to 2");
}

TEST(Metadata, NamesTheFieldTheRuleAndTheValue) {
  const struct {
    const char* old_text;
    const char* new_text;
    const char* message;
  } cases[] = {
      {"\"n_layers\": 6,", "", "metadata.json has no `n_layers`"},
      {"\"n_layers\": 6", "\"n_layers\": 0", "`n_layers` of at least 1, but it is 0 instead"},
      {"\"n_layers\": 6", "\"n_layers\": \"6\"", "`n_layers` that must be an integer"},
      {"\"max_tokens\": 32", "\"max_tokens\": 65", "at most max_positions = 64, but it is 65"},
      {"\"max_tokens\": 32", "\"max_tokens\": 5", "`max_tokens` of at least 6, but it is 5"},
      {"\"eos\": 2", "\"eos\": 100", "`eos` below vocab_size = 100, but it is 100"},
      {"[4, 5]", "[4, 100]", "with the id 100, which vocab_size = 100 does not allow"},
      {"[\"0\", \"1\"]", "[\"0\"]", "at least 2 `labels`, but has 1 instead"},
      {"[\"0\", \"1\"]", "[\"0\", \"0\"]", "has the label '0' twice"},
      {"0.25", "\"low\"", "`threshold` that must be a number, but is a string"},
      {"{", "[", "metadata.json JSON"},
  };
  for (const auto& [old_text, new_text, message] : cases) {
    ExpectThrows<std::runtime_error>([&] { ParseMetadata(With(old_text, new_text)); }, message);
  }
}

// What Python accepts and refuses alike: operations of RFC 6902 on valid metadata, and for those
// that are refused what both messages hold.
using RawJson = nlohmann::json;

RawJson SharedCases() { return RawJson::parse(testing::ReadFile(EARLY_EXIT_METADATA_CASES)); }

std::string Patched(const RawJson& cases, const RawJson& operation) {
  return cases.at("valid").patch(RawJson::array({operation})).dump();
}

TEST(Metadata, AcceptsWhatPythonAccepts) {
  const RawJson cases = SharedCases();
  EXPECT_EQ(ParseMetadata(cases.at("valid").dump()).check_interval, 2);
  ASSERT_FALSE(cases.at("accepted").empty());
  for (const RawJson& operation : cases.at("accepted")) {
    EXPECT_NO_THROW(ParseMetadata(Patched(cases, operation))) << operation;
  }
}

TEST(Metadata, RefusesWhatPythonRefuses) {
  const RawJson cases = SharedCases();
  ASSERT_FALSE(cases.at("refused").empty());
  for (const RawJson& operation : cases.at("refused")) {
    SCOPED_TRACE(operation.dump());
    const std::string json = Patched(cases, operation);
    for (const RawJson& fragment : operation.at("says")) {
      ExpectThrows<std::runtime_error>([&] { ParseMetadata(json); }, fragment.get<std::string>());
    }
  }
}

TEST(Metadata, OfAProgramIsCheckedAsThatOfAFile) {
  const auto refused = [](const auto& change, const std::string& message) {
    Metadata metadata = ParseMetadata(kGood);
    change(&metadata);
    ExpectThrows<std::runtime_error>([&] { metadata.Validate(); }, message);
  };
  refused([](Metadata* metadata) { metadata->check_interval = 0; }, "`check_interval` of at least");
  refused([](Metadata* metadata) { metadata->min_exit_layer = 7; }, "at most n_layers = 6");
  for (const double threshold :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    refused([&](Metadata* metadata) { metadata->operating_points[0].threshold = threshold; },
            "a `threshold` in `operating_points` that is no finite number");
  }
}

}  // namespace
}  // namespace early_exit
