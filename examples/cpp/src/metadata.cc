#include "early_exit/metadata.h"

#include <stdexcept>

#include "input_layout.h"
#include "json.h"

namespace early_exit {
namespace {

[[noreturn]] void Fail(const std::string& problem) {
  throw std::runtime_error("The archive's metadata.json " + problem + ".");
}

// Reads a member by `get`; what goes wrong is told with the member's name.
template <typename Get>
auto Read(const Json& json, const char* key, Get get) {
  const Json& value = json[key];
  try {
    return get(value);
  } catch (const JsonError& error) {
    throw JsonError("has a `" + std::string(key) + "` that " + error.what());
  }
}

std::string ReadString(const Json& json, const char* key) {
  return Read(json, key, [](const Json& value) { return value.string(); });
}

std::int64_t ReadInteger(const Json& json, const char* key, std::int64_t smallest) {
  const auto value = Read(json, key, [](const Json& item) { return item.integer(); });
  if (value >= smallest) return value;
  Fail("must have a `" + std::string(key) + "` of at least " + std::to_string(smallest) +
       ", but it is " + std::to_string(value) + " instead");
}

std::optional<double> ReadOptionalNumber(const Json& json, const char* key) {
  return Read(json, key, [](const Json& value) {
    return value.is_null() ? std::nullopt : std::optional<double>(value.number());
  });
}

std::vector<std::string> ReadStrings(const Json& json, const char* key) {
  return Read(json, key, [](const Json& value) {
    std::vector<std::string> strings;
    for (const Json& item : value.array()) strings.push_back(item.string());
    return strings;
  });
}

// A token id of the model's vocabulary.
std::int64_t ReadToken(const Json& json, const char* key, std::int64_t vocab_size) {
  const std::int64_t token = ReadInteger(json, key, 0);
  if (token >= vocab_size) {
    Fail("must have a `" + std::string(key) + "` below vocab_size = " + std::to_string(vocab_size) +
         ", but it is " + std::to_string(token) + " instead");
  }
  return token;
}

std::vector<OperatingPoint> ReadOperatingPoints(const Json& json) {
  std::vector<OperatingPoint> points;
  for (const Json& item : json["operating_points"].array()) {
    points.push_back({ReadString(item, "name"), ReadOptionalNumber(item, "target_speedup"),
                      ReadOptionalNumber(item, "threshold"), ReadOptionalNumber(item, "speedup"),
                      ReadOptionalNumber(item, "accuracy")});
  }
  return points;
}

std::optional<TokenizerDescription> ReadTokenizer(const Json& json, std::int64_t vocab_size) {
  const Json& value = json["tokenizer"];
  if (value.is_null()) return std::nullopt;
  TokenizerDescription description{ReadString(value, "kind"), ReadStrings(value, "files"), {}};
  if (value["token_id_map"].is_null()) return description;
  for (const Json& item : value["token_id_map"].array()) {
    const std::int64_t id = item.integer();
    if (id < 0 || id >= vocab_size) {
      Fail("has a `token_id_map` with the id " + std::to_string(id) +
           ", which vocab_size = " + std::to_string(vocab_size) + " does not allow");
    }
    description.token_id_map.push_back(id);
  }
  return description;
}

void CheckVersion(std::int64_t version) {
  if (version <= kFormatVersion) return;
  throw std::runtime_error("The archive's format_version is " + std::to_string(version) +
                           ", but this build reads only up to " + std::to_string(kFormatVersion) +
                           ". Build a newer early_exit, or export again with an older one.");
}

// A label stands in a tab-separated line, so it cannot hold what separates.
void CheckLabels(const std::vector<std::string>& labels) {
  if (labels.size() < 2) Fail("must have at least 2 labels");
  for (const std::string& label : labels) {
    if (label.find_first_of("\t\r\n") != std::string::npos) {
      Fail("has a label with a tab or a line break in it");
    }
  }
}

Metadata Read(const Json& json) {
  Metadata metadata;
  metadata.format_version = ReadInteger(json, "format_version", 1);
  CheckVersion(metadata.format_version);  // first: a newer file may differ in all else
  metadata.backbone = ReadString(json, "backbone");
  metadata.exit_method = ReadString(json, "exit_method");
  metadata.policy = ReadString(json, "policy");
  metadata.task = ReadString(json, "task");
  metadata.dtype = ReadString(json, "dtype");
  metadata.labels = ReadStrings(json, "labels");
  CheckLabels(metadata.labels);
  metadata.pair = Read(json, "pair", [](const Json& value) { return value.boolean(); });
  metadata.n_layers = ReadInteger(json, "n_layers", 1);
  metadata.vocab_size = ReadInteger(json, "vocab_size", 1);
  metadata.max_positions = ReadInteger(json, "max_positions", 1);
  const Json& specials = json["special_tokens"];
  metadata.pad_token = ReadToken(specials, "pad", metadata.vocab_size);
  metadata.layout.eos_token = ReadToken(specials, "eos", metadata.vocab_size);
  metadata.layout.init_token = ReadToken(json, "init_token", metadata.vocab_size);
  if (!json["separator_token"].is_null()) {
    metadata.layout.separator_token = ReadToken(json, "separator_token", metadata.vocab_size);
  }
  // Room for the special tokens and for one token of each text.
  const std::int64_t n_texts = metadata.pair ? 2 : 1;
  metadata.max_tokens =
      ReadInteger(json, "max_tokens", CountSpecial(metadata.layout, metadata.pair) + n_texts);
  if (metadata.max_tokens > metadata.max_positions) {
    Fail("must have a `max_tokens` of at most max_positions = " +
         std::to_string(metadata.max_positions) + ", but it is " +
         std::to_string(metadata.max_tokens) + " instead");
  }
  metadata.operating_points = ReadOperatingPoints(json);
  metadata.tokenizer = ReadTokenizer(json, metadata.vocab_size);
  return metadata;
}

}  // namespace

Metadata ParseMetadata(std::string_view json) {
  try {
    return Read(Json::Parse(json));
  } catch (const JsonError& error) {
    Fail(error.what());
  }
}

}  // namespace early_exit
