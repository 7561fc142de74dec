#pragma once

#include <string>
#include <string_view>

#include "early_exit/classifier.h"

namespace early_exit::classify {

// One text, or two separated by a tab. Throws std::invalid_argument for more.
Sentence ParseText(std::string_view line);

// Token ids separated by spaces. Throws std::invalid_argument for anything else.
Sentence ParseTokens(std::string_view line);

// A label as a column: backslashes doubled, control characters as \xHH, and the first character of
// a label that is ERROR itself too, so that no label looks like an error.
std::string FormatLabel(std::string_view label);

// `label<TAB>probability<TAB>exit_layer`, or `ERROR<TAB>reason`, and a line break.
std::string FormatOutcome(const Outcome& outcome);

}  // namespace early_exit::classify
