#pragma once

#include <string>
#include <string_view>

namespace early_exit {

// What `tokenizer_config.json` says about the text before it is cut into pieces.
struct AlbertOptions {
  bool do_lower_case = true;
  bool remove_space = true;   // one space for each run of white space, none at the ends
  bool keep_accents = false;  // false: characters are taken apart (NFKD) and lose their marks
};

// Reads the options; what the file leaves out keeps its default. Throws std::runtime_error if it is
// no JSON object or an option is not true or false.
AlbertOptions ReadAlbertOptions(std::string_view tokenizer_config);

// Equal to the normalizer of `transformers`' AlbertTokenizer but for the model's own part, which
// comes after it. Throws std::invalid_argument if `text` is not valid UTF-8.
std::string NormalizeAlbert(std::string_view text, const AlbertOptions& options);

}  // namespace early_exit
