#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace early_exit {

// Strings and what takes their place: the `precompiled_charsmap` of a sentencepiece model. It is a
// double array as the library darts-clone writes it, behind its size in bytes, and then the
// replacements, each with a null character at its end.
class CharacterMap {
 public:
  struct Match {
    std::string_view replacement;  // valid UTF-8, lives as long as the map
    std::size_t n_bytes = 0;       // of the text
  };

  // An empty blob maps nothing. Everything in it that a text may lead to is checked here: throws
  // std::invalid_argument if it is damaged.
  explicit CharacterMap(std::string_view blob);

  // The longest string of the map that `text` starts with.
  std::optional<Match> LongestMatch(std::string_view text) const;

 private:
  void CheckUnits() const;

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace early_exit
