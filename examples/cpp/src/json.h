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

// A JSON value (RFC 8259) and a strict reader of it: no comments, no trailing commas, no NaN, no
// repeated keys, valid UTF-8 only.
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

  // Throws JsonError with the byte offset of the first error.
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

 private:
  Value value_ = nullptr;
};

}  // namespace early_exit
