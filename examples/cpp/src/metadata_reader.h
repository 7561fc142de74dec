#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "json.h"

namespace early_exit {

// Reads the members of an object whose name, such as "`policy`'s ", stands before theirs in errors.
// Every method throws JsonError, which names the member, if it is missing or of another type.
class MemberReader {
 public:
  MemberReader(const Json& object, std::string prefix);

  const Json& Get(const char* key) const;
  // The member that is an object; `IsNull` tells beforehand whether it is one.
  MemberReader Object(const char* key) const;
  bool IsNull(const char* key) const;  // or missing

  std::string String(const char* key) const;
  bool Boolean(const char* key) const;
  std::int64_t Integer(const char* key) const;
  double Number(const char* key) const;
  std::vector<std::string> Strings(const char* key) const;
  std::vector<std::int64_t> Integers(const char* key) const;
  std::vector<MemberReader> Objects(const char* key) const;

  // None where the member is null or missing.
  std::optional<std::string> OptionalString(const char* key) const;
  std::optional<double> OptionalNumber(const char* key) const;

 private:
  template <typename Use>
  auto Read(const char* key, Use use) const;

  const Json* object_;
  std::string prefix_;
};

}  // namespace early_exit
