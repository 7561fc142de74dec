#pragma once

#include <string_view>

#include "json.h"

namespace early_exit {

inline constexpr const char* kTokenizerConfigName = "tokenizer_config.json";

// What a Hugging Face model says about its tokenizer. Every method throws std::runtime_error, which
// names the file, if it does not hold what is asked for.
class TokenizerConfig {
 public:
  explicit TokenizerConfig(std::string_view content);

  // An option that is true or false; `otherwise` if the file leaves it out.
  bool Flag(std::string_view name, bool otherwise) const;

  // Whether the file leaves the option out or has it null.
  bool IsNull(std::string_view name) const;

 private:
  Json::Object options_;
};

}  // namespace early_exit
