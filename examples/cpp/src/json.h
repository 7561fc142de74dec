#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace early_exit {

class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A JSON value (RFC 8259), read by nlohmann-json: no comments, no trailing commas, no NaN, valid
// UTF-8 only, and no key twice, since two readers might take two of its values.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;
  using Value =
      std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object>;

  Json() = default;
  // `T` is one of the types of `Value`.
  template <typename T>
  explicit Json(T value) : value_(std::in_place_type<T>, std::move(value)) {}

  // Throws JsonError that says where the first error is.
  static Json Parse(std::string_view text);

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }

  // Each throws JsonError if the value is of another type.
  bool boolean() const;
  std::int64_t integer() const;  // a number without fraction and exponent that fits
  double number() const;         // any number
  const std::string& string() const;
  const Array& array() const;
  const Object& object() const;

  // The member `key` of an object. Throws JsonError if there is none.
  const Json& operator[](std::string_view key) const;

  // The same; null if there is none.
  const Json* Find(std::string_view key) const;

  // Adds a value to an array, or to an object under `key`. Returns false if the key is there.
  bool Append(const std::string& key, Json value);

 private:
  Value value_ = nullptr;
};

}  // namespace early_exit
