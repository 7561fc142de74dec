#include "early_exit/metadata.h"

#include <cmath>
#include <limits>
#include <locale>
#include <set>
#include <sstream>
#include <stdexcept>

#include "early_exit/tokenizer.h"
#include "input_layout.h"
#include "metadata_reader.h"
#include "printable.h"

namespace early_exit {
namespace {

[[noreturn]] void Fail(const std::string& problem) {
  throw std::runtime_error("The archive's metadata.json " + problem + ".");
}

std::string Quote(const std::string& text) { return "'" + Printable(text) + "'"; }

std::string ToText(double value, int n_digits = 6) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(n_digits);
  text << value;
  return text.str();
}

void CheckInteger(const char* key, std::int64_t value, std::int64_t smallest) {
  if (value >= smallest) return;
  Fail("must have a `" + std::string(key) + "` of at least " + std::to_string(smallest) +
       ", but it is " + std::to_string(value) + " instead");
}

// An upper bound, named so that the reader sees where it comes from.
void CheckAtMost(const char* key, std::int64_t value, const char* limit_name, std::int64_t limit) {
  if (value <= limit) return;
  Fail("must have a `" + std::string(key) + "` of at most " + limit_name + " = " +
       std::to_string(limit) + ", but it is " + std::to_string(value) + " instead");
}

// A token id of the model's vocabulary.
void CheckToken(const char* key, std::int64_t token, std::int64_t vocab_size) {
  CheckInteger(key, token, 0);
  if (token < vocab_size) return;
  Fail("must have a `" + std::string(key) + "` below vocab_size = " + std::to_string(vocab_size) +
       ", but it is " + std::to_string(token) + " instead");
}

void CheckSign(std::int64_t sign) {
  if (sign == -1 || sign == 1) return;
  Fail("must have a `policy` whose `sign` is -1 or 1, but it is " + std::to_string(sign) +
       " instead");
}

void CheckPolicy(const Policy& policy) {
  if (policy.name.empty()) Fail("must have a `policy` with a `name`, but it is empty instead");
  if (policy.parameter_unit.empty()) {
    Fail("must have a `policy` with a `parameter_unit`, but it is empty instead");
  }
  CheckSign(policy.sign);
  if (!std::isfinite(policy.never)) {
    Fail("must have a `policy` whose `never` is finite, but it is " + ToText(policy.never) +
         " instead");
  }
}

void CheckLabels(const std::vector<std::string>& labels) {
  if (labels.size() < 2) {
    Fail("must have at least 2 `labels`, but has " + std::to_string(labels.size()) + " instead");
  }
  std::set<std::string> seen;
  for (const std::string& label : labels) {
    if (!seen.insert(label).second) Fail("has the label " + Quote(label) + " twice in `labels`");
  }
}

void CheckPoints(const std::vector<OperatingPoint>& points,
                 const std::optional<std::string>& default_point) {
  bool found = !default_point;
  std::set<std::string> seen;
  for (const OperatingPoint& point : points) {
    if (!seen.insert(point.name).second) {
      Fail("has the point " + Quote(point.name) + " twice in `operating_points`");
    }
    if (point.threshold && !std::isfinite(*point.threshold)) {
      Fail("has a `threshold` in `operating_points` that is no finite number");
    }
    if (!default_point || point.name != *default_point) continue;
    found = true;
    if (!point.threshold) {
      Fail("has a `default` (" + Quote(point.name) + ") whose operating point has no threshold");
    }
  }
  if (!found) {
    Fail("must have a `default` that is one of its `operating_points`, but it is " +
         Quote(*default_point) + " instead");
  }
}

void CheckTokenizer(const TokenizerDescription& tokenizer, std::int64_t vocab_size) {
  if (!IsTokenizerKind(tokenizer.kind)) {
    Fail("must have a `tokenizer` of the `kind` 'roberta', 'bert' or 'sentencepiece', but it is " +
         Quote(tokenizer.kind) +
         " instead; export the archive with --no-tokenizer to classify token ids");
  }
  for (const std::int64_t id : tokenizer.token_id_map) {
    if (id >= 0 && id < vocab_size) continue;
    Fail("has a `token_id_map` with the id " + std::to_string(id) +
         ", which vocab_size = " + std::to_string(vocab_size) + " does not allow");
  }
}

Policy ReadPolicy(const MemberReader& json, std::int64_t version) {
  if (version == 1) {  // which knew one policy, by its name
    const std::string name = json.String("policy");
    if (name != "entropy") {
      Fail("must have the `policy` 'entropy' in format 1, but it is " + Quote(name) + " instead");
    }
    return {name, "nats", -1, 0.0};
  }
  const MemberReader policy = json.Object("policy");
  const std::int64_t sign = policy.Integer("sign");
  CheckSign(sign);
  return {policy.String("name"), policy.String("parameter_unit"), static_cast<int>(sign),
          policy.Number("never")};
}

std::vector<OperatingPoint> ReadOperatingPoints(const MemberReader& json) {
  std::vector<OperatingPoint> points;
  for (const MemberReader& item : json.Objects("operating_points")) {
    item.Get("threshold");
    OperatingPoint point{item.String("name"), item.OptionalNumber("target_speedup"),
                         item.OptionalNumber("threshold"), item.OptionalNumber("speedup"),
                         item.OptionalNumber("accuracy")};
    if (point.threshold) point.speedup = item.Number("speedup");
    points.push_back(std::move(point));
  }
  return points;
}

TokenizerDescription ReadTokenizer(const MemberReader& json) {
  TokenizerDescription description{json.String("kind"), json.Strings("files"), {}, {}};
  if (!json.IsNull("token_id_map")) description.token_id_map = json.Integers("token_id_map");
  if (json.IsNull("special_pieces")) {  // as in format 1
    if (IsTokenizerKind(description.kind)) {
      description.special_pieces = DefaultSpecialPieces(description.kind);
    }
    return description;
  }
  const MemberReader pieces = json.Object("special_pieces");
  description.special_pieces = {pieces.OptionalString("bos"), pieces.OptionalString("pad"),
                                pieces.OptionalString("eos"), pieces.OptionalString("unk"),
                                pieces.OptionalString("mask")};
  return description;
}

void CheckVersion(std::int64_t version) {
  CheckInteger("format_version", version, 1);
  if (version <= kFormatVersion) return;
  throw std::runtime_error("The archive's format_version is " + std::to_string(version) +
                           ", but this build reads only up to " + std::to_string(kFormatVersion) +
                           ". Build a newer early_exit, or export again with an older one.");
}

// `default_threshold` says once more what the default point says, digit for digit.
void CheckDefaultThreshold(const MemberReader& json, const Metadata& metadata) {
  const double repeated = json.Number("default_threshold");
  const double expected = metadata.DefaultParameter();
  if (repeated == expected) return;
  constexpr int kEveryDigit = std::numeric_limits<double>::max_digits10;
  Fail("must have a `default_threshold` that is the one of its `default` (" +
       ToText(expected, kEveryDigit) + "), but it is " + ToText(repeated, kEveryDigit) +
       " instead");
}

Metadata Read(const MemberReader& json) {
  Metadata metadata;
  metadata.format_version = json.Integer("format_version");
  CheckVersion(metadata.format_version);  // first: a newer file may differ in all else
  metadata.backbone = json.String("backbone");
  metadata.exit_method = json.String("exit_method");
  metadata.policy = ReadPolicy(json, metadata.format_version);
  metadata.task = json.String("task");
  metadata.dtype = json.String("dtype");
  metadata.labels = json.Strings("labels");
  metadata.pair = json.Boolean("pair");
  metadata.n_layers = json.Integer("n_layers");
  metadata.min_exit_layer = json.Integer("min_exit_layer");
  metadata.check_interval = json.Integer("check_interval");
  metadata.vocab_size = json.Integer("vocab_size");
  metadata.max_positions = json.Integer("max_positions");
  metadata.max_tokens = json.Integer("max_tokens");
  const MemberReader specials = json.Object("special_tokens");
  metadata.pad_token = specials.Integer("pad");
  metadata.layout.eos_token = specials.Integer("eos");
  metadata.layout.init_token = json.Integer("init_token");
  json.Get("separator_token");
  if (!json.IsNull("separator_token")) {
    metadata.layout.separator_token = json.Integer("separator_token");
  }
  metadata.operating_points = ReadOperatingPoints(json);
  json.Get("default");
  metadata.default_point = json.OptionalString("default");
  json.Get("tokenizer");
  if (!json.IsNull("tokenizer")) metadata.tokenizer = ReadTokenizer(json.Object("tokenizer"));
  metadata.Validate();
  for (const char* unused : {"bos", "unk", "mask"}) {  // by this library, but not by the model
    CheckToken(unused, specials.Integer(unused), metadata.vocab_size);
  }
  CheckDefaultThreshold(json, metadata);
  return metadata;
}

}  // namespace

void Metadata::Validate() const {
  CheckPolicy(policy);
  CheckLabels(labels);
  CheckInteger("n_layers", n_layers, 1);
  CheckInteger("min_exit_layer", min_exit_layer, 1);
  CheckAtMost("min_exit_layer", min_exit_layer, "n_layers", n_layers);
  CheckInteger("check_interval", check_interval, 1);
  CheckInteger("vocab_size", vocab_size, 1);
  CheckInteger("max_positions", max_positions, 1);
  CheckToken("pad", pad_token, vocab_size);
  CheckToken("eos", layout.eos_token, vocab_size);
  CheckToken("init_token", layout.init_token, vocab_size);
  if (layout.separator_token) CheckToken("separator_token", *layout.separator_token, vocab_size);
  // Room for the special tokens and for one token of each text.
  CheckInteger("max_tokens", max_tokens, CountSpecial(layout, pair) + (pair ? 2 : 1));
  CheckAtMost("max_tokens", max_tokens, "max_positions", max_positions);
  for (const std::int64_t token : {layout.init_token, layout.eos_token}) {
    if (token == pad_token) Fail("must have a `pad` of its own, but `init_token` or `eos` is it");
  }
  CheckPoints(operating_points, default_point);
  if (tokenizer) CheckTokenizer(*tokenizer, vocab_size);
}

double Metadata::DefaultParameter() const {
  for (const OperatingPoint& point : operating_points) {
    if (default_point && point.name == *default_point && point.threshold) return *point.threshold;
  }
  return policy.never;
}

double Metadata::ParameterFor(double target_speedup) const {
  std::string known;
  for (const OperatingPoint& point : operating_points) {
    if (!point.target_speedup || !point.threshold) continue;
    if (std::abs(*point.target_speedup - target_speedup) < 1e-9) return *point.threshold;
    known += (known.empty() ? "" : ", ") + ToText(*point.target_speedup);
  }
  if (target_speedup == 1.0) return policy.never;  // full depth needs no calibration
  if (known.empty()) known = "none; give a threshold instead";
  throw std::invalid_argument("`target_speedup` must be one of the archive's operating points (" +
                              known + "), but is " + ToText(target_speedup) + " instead.");
}

Metadata ParseMetadata(std::string_view json) {
  try {
    const Json content = Json::Parse(json);
    return Read(MemberReader(content, ""));
  } catch (const JsonError& error) {
    Fail(error.what());
  }
}

}  // namespace early_exit
