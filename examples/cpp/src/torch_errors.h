#pragma once

#include <exception>
#include <string>

#include "early_exit/errors.h"

namespace early_exit {

// The line of an error that names its cause; never empty. TorchScript's own reports are traces,
// after which the cause starts a line of its own; other messages start with it and may go on with
// hints.
std::string ExplainTorchError(const std::exception& error);

// What an archive raises is about its input; a lack of memory has many names, and passes through
// TorchScript's interpreter as a text alone; the rest is the model's.
ErrorKind KindOfTorchError(const std::exception& error);

}  // namespace early_exit
