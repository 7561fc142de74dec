#include "json.h"

#include <charconv>
#include <cmath>

#include "utf8.h"

namespace early_exit {
namespace {

constexpr int kMaxDepth = 100;  // recursion must end before the stack does

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Json ParseDocument() {
    if (const auto bad = FindIllFormedUtf8(text_)) Fail("is not valid UTF-8", *bad);
    Json value = ParseValue(0);
    SkipSpace();
    if (position_ != text_.size()) Fail("has text after its end");
    return value;
  }

 private:
  [[noreturn]] void Fail(const std::string& problem, std::size_t offset) const {
    throw JsonError("JSON " + problem + " (byte " + std::to_string(offset) + ")");
  }
  [[noreturn]] void Fail(const std::string& problem) const { Fail(problem, position_); }

  void SkipSpace() {
    while (position_ < text_.size() &&
           std::string_view(" \t\n\r").find(text_[position_]) != std::string_view::npos) {
      ++position_;
    }
  }

  // The next character, or NUL at the end: a NUL is valid nowhere in JSON.
  char Peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  bool Accept(std::string_view token) {
    if (text_.substr(position_, token.size()) != token) return false;
    position_ += token.size();
    return true;
  }

  void Expect(std::string_view token) {
    if (!Accept(token)) Fail("lacks '" + std::string(token) + "'");
  }

  Json ParseValue(int depth) {
    if (depth > kMaxDepth) Fail("is nested too deeply");
    SkipSpace();
    switch (Peek()) {
      case '{':
        return ParseObject(depth);
      case '[':
        return ParseArray(depth);
      case '"':
        return Json(ParseString());
      default:
        if (Accept("null")) return Json(nullptr);
        if (Accept("true")) return Json(true);
        if (Accept("false")) return Json(false);
        return ParseNumber();
    }
  }

  Json ParseObject(int depth) {
    Json::Object members;
    Expect("{");
    SkipSpace();
    if (Accept("}")) return Json(std::move(members));
    do {
      SkipSpace();
      const std::size_t start = position_;
      std::string key = ParseString();
      SkipSpace();
      Expect(":");
      Json value = ParseValue(depth + 1);
      if (!members.emplace(std::move(key), std::move(value)).second) Fail("repeats a key", start);
      SkipSpace();
    } while (Accept(","));
    Expect("}");
    return Json(std::move(members));
  }

  Json ParseArray(int depth) {
    Json::Array items;
    Expect("[");
    SkipSpace();
    if (Accept("]")) return Json(std::move(items));
    do {
      items.push_back(ParseValue(depth + 1));
      SkipSpace();
    } while (Accept(","));
    Expect("]");
    return Json(std::move(items));
  }

  std::string ParseString() {
    std::string result;
    Expect("\"");
    while (!Accept("\"")) {
      if (position_ == text_.size()) Fail("ends inside a string");
      const char c = text_[position_];
      if (static_cast<unsigned char>(c) < 0x20) Fail("has a control character in a string");
      ++position_;
      if (c == '\\') {
        ParseEscape(&result);
      } else {
        result += c;
      }
    }
    return result;
  }

  void ParseEscape(std::string* result) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const std::size_t index = kLetters.find(Peek());
    if (index != std::string_view::npos) {
      ++position_;
      *result += kMeanings[index];
      return;
    }
    Expect("u");
    char32_t code = ParseHex();
    if (code >= 0xDC00 && code < 0xE000) Fail("has half a surrogate pair");
    if (code >= 0xD800 && code < 0xDC00) {
      Expect("\\u");
      const char32_t low = ParseHex();
      if (low < 0xDC00 || low >= 0xE000) Fail("has half a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(code, result);
  }

  char32_t ParseHex() {
    std::uint32_t code = 0;
    const std::string_view digits = text_.substr(position_, 4);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc() || end != digits.data() + 4) Fail("has a bad \\u escape");
    position_ += 4;
    return code;
  }

  void SkipDigits() {
    if (!IsDigit(Peek())) Fail("has no valid value");
    while (IsDigit(Peek())) ++position_;
  }

  Json ParseNumber() {
    const std::size_t start = position_;
    bool integral = true;
    Accept("-");
    if (!Accept("0")) SkipDigits();
    if (Accept(".")) {
      integral = false;
      SkipDigits();
    }
    if (Accept("e") || Accept("E")) {
      integral = false;
      if (!Accept("-")) Accept("+");
      SkipDigits();
    }
    const char* first = text_.data() + start;
    const char* last = text_.data() + position_;
    std::int64_t integer = 0;
    if (integral && std::from_chars(first, last, integer).ec == std::errc()) return Json(integer);
    double number = 0.0;
    if (std::from_chars(first, last, number).ec != std::errc()) {
      Fail("has a number out of range", start);
    }
    return Json(number);
  }

  std::string_view text_;
  std::size_t position_ = 0;
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

Json Json::Parse(std::string_view text) { return Parser(text).ParseDocument(); }

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

const Json& Json::operator[](std::string_view key) const {
  const Object& members = object();
  const auto found = members.find(key);
  if (found == members.end()) throw JsonError("has no member '" + std::string(key) + "'");
  return found->second;
}

}  // namespace early_exit
