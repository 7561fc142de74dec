// What the public headers declare in a line and what has no better place: the version, and the
// functions by which abstract classes and exceptions are one thing on both sides of a shared
// library.
#include "early_exit/engine.h"
#include "early_exit/errors.h"
#include "early_exit/version.h"

namespace early_exit {

const char* Version() { return EARLY_EXIT_VERSION; }

EngineError::EngineError(ErrorKind kind, const std::string& message)
    : std::runtime_error(message), kind_(kind) {}
EngineError::~EngineError() = default;

Engine::~Engine() = default;
Tokenizer::~Tokenizer() = default;

}  // namespace early_exit
