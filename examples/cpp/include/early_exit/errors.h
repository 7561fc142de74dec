#pragma once

#include <stdexcept>
#include <string>

#include "early_exit/export.h"

namespace early_exit {

// Whose fault it is that a sentence has no answer, and so whether asking again can help.
enum class ErrorKind {
  kNone,
  kBadInput,     // the sentence or its exit choice: the same again fails again
  kModel,        // the archive or the engine: report it
  kOutOfMemory,  // this machine, now: smaller batches may pass
};

// An engine could not answer a batch.
class EARLY_EXIT_EXPORT EngineError : public std::runtime_error {
 public:
  EngineError(ErrorKind kind, const std::string& message);
  ~EngineError() override;
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace early_exit
