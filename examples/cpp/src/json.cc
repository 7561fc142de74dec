#include "json.h"

#include <nlohmann/json.hpp>

namespace early_exit {
namespace {

constexpr std::size_t kMaxDepth = 100;  // values are freed by recursion, which must end in time
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// What nlohmann-json reads, made into values of ours; stricter than it where a key comes twice.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Json TakeValue() { return std::move(root_); }

  bool null() override { return Add(Json(nullptr)); }
  bool boolean(bool value) override { return Add(Json(value)); }
  bool number_integer(number_integer_t value) override { return Add(Json(std::int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(INT64_MAX)) {
      return Add(Json(static_cast<std::int64_t>(value)));
    }
    return Add(Json(static_cast<double>(value)));
  }
  bool number_float(number_float_t value, const string_t&) override { return Add(Json(value)); }
  bool string(string_t& value) override { return Add(Json(std::move(value))); }
  bool binary(binary_t&) override { throw JsonError("JSON has binary data"); }

  bool start_object(std::size_t) override { return Open(Json(Json::Object())); }
  bool key(string_t& name) override {
    keys_.back() = std::move(name);
    return true;
  }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(Json(Json::Array())); }
  bool end_array() override { return Close(); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    throw JsonError("JSON is not well-formed (byte " + std::to_string(position) + ")");
  }

 private:
  bool Open(Json value) {
    if (open_.size() == kMaxDepth) throw JsonError("JSON is nested too deeply");
    open_.push_back(std::move(value));
    keys_.emplace_back();
    return true;
  }

  bool Close() {
    Json value = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return Add(std::move(value));
  }

  bool Add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (!open_.back().Append(keys_.back(), std::move(value))) {
      throw JsonError("JSON repeats the key '" + keys_.back() + "'");
    }
    return true;
  }

  Json root_;
  std::vector<Json> open_;         // arrays and objects whose end is still to come
  std::vector<std::string> keys_;  // the last key of each, empty for an array
};

template <typename T>
const T& Get(const Json::Value& value, const char* expected) {
  if (const T* found = std::get_if<T>(&value)) return *found;
  constexpr const char* kNames[] = {"null",     "a boolean", "an integer", "a number",
                                    "a string", "an array",  "an object"};
  throw JsonError(std::string("must be ") + expected + ", but is " + kNames[value.index()] +
                  " instead");
}

}  // namespace

Json Json::Parse(std::string_view text) {
  // The library would pass over it; Python's `json` does not.
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    throw JsonError("JSON is not well-formed (byte 0)");
  }
  Builder builder;
  nlohmann::json::sax_parse(text, &builder);
  return builder.TakeValue();
}

bool Json::Append(const std::string& key, Json value) {
  if (auto* items = std::get_if<Array>(&value_)) {
    items->push_back(std::move(value));
    return true;
  }
  return std::get<Object>(value_).emplace(key, std::move(value)).second;
}

bool Json::boolean() const { return Get<bool>(value_, "a boolean"); }
std::int64_t Json::integer() const { return Get<std::int64_t>(value_, "an integer"); }
const std::string& Json::string() const { return Get<std::string>(value_, "a string"); }
const Json::Array& Json::array() const { return Get<Array>(value_, "an array"); }
const Json::Object& Json::object() const { return Get<Object>(value_, "an object"); }

double Json::number() const {
  if (const auto* integer = std::get_if<std::int64_t>(&value_)) {
    return static_cast<double>(*integer);
  }
  return Get<double>(value_, "a number");
}

const Json* Json::Find(std::string_view key) const {
  const Object& members = object();
  const auto found = members.find(key);
  return found == members.end() ? nullptr : &found->second;
}

const Json& Json::operator[](std::string_view key) const {
  if (const Json* member = Find(key)) return *member;
  throw JsonError("has no member '" + std::string(key) + "'");
}

}  // namespace early_exit
