#pragma once

#include <string>
#include <string_view>

#include "early_exit/classifier.h"

namespace early_exit::classify {

// One text, or two separated by a tab. Throws std::invalid_argument for more.
Sentence ParseText(std::string_view line);

// Token ids separated by spaces. Throws std::invalid_argument for anything else.
Sentence ParseTokens(std::string_view line);

// `label<TAB>probability<TAB>exit_layer`, or `ERROR<TAB>reason`, and a line break.
std::string FormatOutcome(const Outcome& outcome);

}  // namespace early_exit::classify
