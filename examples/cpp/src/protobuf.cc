#include "protobuf.h"

#include <cstddef>
#include <cstring>
#include <string>

#include "little_endian.h"

namespace early_exit {
namespace {

enum WireType { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

class Reader {
 public:
  explicit Reader(std::string_view content) : content_(content) {}

  bool at_end() const { return position_ == content_.size(); }

  ProtobufField ReadField() {
    const std::uint64_t key = ReadVarint();
    const std::uint64_t number = key >> 3;
    switch (key & 7) {
      case kVarint:
        return {number, ReadVarint()};
      case kFixed64:
        return {number, ReadBytes(8)};
      case kFixed32:
        return {number, ReadBytes(4)};
      case kLengthDelimited:
        return {number, ReadBytes(ReadVarint())};
      default:
        throw ProtobufError("wire type " + std::to_string(key & 7) + " at byte " +
                            std::to_string(position_));
    }
  }

 private:
  std::uint64_t ReadVarint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = static_cast<unsigned char>(ReadBytes(1)[0]);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    throw ProtobufError("a number of more than 64 bits before byte " + std::to_string(position_));
  }

  std::string_view ReadBytes(std::uint64_t length) {
    if (length > content_.size() - position_) {
      throw ProtobufError("cut off at byte " + std::to_string(content_.size()));
    }
    const std::string_view bytes = content_.substr(position_, static_cast<std::size_t>(length));
    position_ += bytes.size();
    return bytes;
  }

  std::string_view content_;
  std::size_t position_ = 0;
};

}  // namespace

std::uint64_t ProtobufField::varint() const {
  if (const auto* value = std::get_if<std::uint64_t>(&value_)) return *value;
  throw ProtobufError("bytes in place of a number");
}

std::string_view ProtobufField::bytes() const {
  if (const auto* value = std::get_if<std::string_view>(&value_)) return *value;
  throw ProtobufError("a number in place of bytes");
}

float ProtobufField::float32() const {
  if (bytes().size() != sizeof(float)) throw ProtobufError("a float that is not of four bytes");
  const std::uint32_t bits = ReadLittleEndian32(bytes());
  float value = 0.0F;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

std::vector<ProtobufField> ReadProtobuf(std::string_view content) {
  std::vector<ProtobufField> fields;
  for (Reader reader(content); !reader.at_end();) fields.push_back(reader.ReadField());
  return fields;
}

}  // namespace early_exit
