#pragma once

#include <optional>

#include "early_exit/classifier.h"

namespace early_exit {

// The threshold that the options ask for; none: the archive's default. Throws
// std::invalid_argument for a speed-up that the archive lacks, listing those it has.
std::optional<double> ChooseThreshold(const ClassifierOptions& options, const Metadata& metadata);

}  // namespace early_exit
