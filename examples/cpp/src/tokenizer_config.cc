#include "tokenizer_config.h"

#include <stdexcept>
#include <string>

namespace early_exit {
namespace {

[[noreturn]] void Fail(const std::string& problem) {
  throw std::runtime_error("The tokenizer's " + std::string(kTokenizerConfigName) +
                           " is malformed: " + problem + ".");
}

}  // namespace

TokenizerConfig::TokenizerConfig(std::string_view content) try
    : options_(Json::Parse(content).object()) {
} catch (const JsonError& error) {
  Fail(error.what());
}

bool TokenizerConfig::Flag(std::string_view name, bool otherwise) const {
  const auto found = options_.find(name);
  if (found == options_.end()) return otherwise;
  try {
    return found->second.boolean();
  } catch (const JsonError& error) {
    Fail("has a `" + std::string(name) + "` that " + error.what());
  }
}

bool TokenizerConfig::IsNull(std::string_view name) const {
  const auto found = options_.find(name);
  return found == options_.end() || found->second.is_null();
}

}  // namespace early_exit
