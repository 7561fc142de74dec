#pragma once

// What a shared library of ours shows to others; all else is hidden.
#define EARLY_EXIT_EXPORT __attribute__((visibility("default")))
