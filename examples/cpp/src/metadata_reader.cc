#include "metadata_reader.h"

#include <utility>

namespace early_exit {

MemberReader::MemberReader(const Json& object, std::string prefix)
    : object_(&object), prefix_(std::move(prefix)) {
  try {
    object.object();
  } catch (const JsonError& error) {
    const std::string subject = prefix_.empty() ? "" : "has a " + prefix_ + "content that ";
    throw JsonError(subject + error.what());
  }
}

const Json& MemberReader::Get(const char* key) const {
  if (const Json* member = object_->Find(key)) return *member;
  throw JsonError("has no " + prefix_ + "`" + key + "`");
}

template <typename Use>
auto MemberReader::Read(const char* key, Use use) const {
  const Json& value = Get(key);
  try {
    return use(value);
  } catch (const JsonError& error) {
    throw JsonError("has a " + prefix_ + "`" + key + "` that " + error.what());
  }
}

MemberReader MemberReader::Object(const char* key) const {
  return {Get(key), prefix_ + "`" + key + "`'s "};
}

bool MemberReader::IsNull(const char* key) const {
  const Json* member = object_->Find(key);
  return member == nullptr || member->is_null();
}

std::string MemberReader::String(const char* key) const {
  return Read(key, [](const Json& value) { return value.string(); });
}

bool MemberReader::Boolean(const char* key) const {
  return Read(key, [](const Json& value) { return value.boolean(); });
}

std::int64_t MemberReader::Integer(const char* key) const {
  return Read(key, [](const Json& value) { return value.integer(); });
}

double MemberReader::Number(const char* key) const {
  return Read(key, [](const Json& value) { return value.number(); });
}

std::vector<std::string> MemberReader::Strings(const char* key) const {
  return Read(key, [](const Json& value) {
    std::vector<std::string> strings;
    for (const Json& item : value.array()) strings.push_back(item.string());
    return strings;
  });
}

std::vector<std::int64_t> MemberReader::Integers(const char* key) const {
  return Read(key, [](const Json& value) {
    std::vector<std::int64_t> integers;
    for (const Json& item : value.array()) integers.push_back(item.integer());
    return integers;
  });
}

std::vector<MemberReader> MemberReader::Objects(const char* key) const {
  const auto* items = Read(key, [](const Json& value) { return &value.array(); });
  std::vector<MemberReader> objects;
  for (const Json& item : *items) {
    const std::string place = std::to_string(objects.size());
    objects.emplace_back(item, prefix_ + "`" + key + "[" + place + "]`'s ");
  }
  return objects;
}

std::optional<std::string> MemberReader::OptionalString(const char* key) const {
  if (IsNull(key)) return std::nullopt;
  return String(key);
}

std::optional<double> MemberReader::OptionalNumber(const char* key) const {
  if (IsNull(key)) return std::nullopt;
  return Number(key);
}

}  // namespace early_exit
