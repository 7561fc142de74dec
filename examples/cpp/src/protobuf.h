#pragma once

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <variant>
#include <vector>

namespace early_exit {

class ProtobufError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A field of a message: a number, or bytes (a string, a message, a fixed-width number), which point
// into the content that was read.
class ProtobufField {
 public:
  using Value = std::variant<std::uint64_t, std::string_view>;

  ProtobufField(std::uint64_t number, Value value) : number_(number), value_(value) {}

  std::uint64_t number() const { return number_; }

  // Each throws ProtobufError if the value is of the other kind.
  std::uint64_t varint() const;
  std::string_view bytes() const;
  float float32() const;  // of four bytes

 private:
  std::uint64_t number_;
  Value value_;
};

// Splits a message of protocol buffers (wire format, without groups) into its fields. Throws
// ProtobufError where it is cut off, or is none.
std::vector<ProtobufField> ReadProtobuf(std::string_view content);

}  // namespace early_exit
