#pragma once

#include "early_exit/export.h"

namespace early_exit {

// Version of the library that runs, "MAJOR.MINOR.PATCH".
EARLY_EXIT_EXPORT const char* Version();

}  // namespace early_exit
