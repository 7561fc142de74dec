#include "protobuf.h"

#include <gtest/gtest.h>

#include <string>

#include "messages.h"

namespace early_exit {
namespace {

using namespace std::string_literals;

void ExpectMalformed(const std::string& content, const std::string& message) {
  ExpectThrows<ProtobufError>([&] { ReadProtobuf(content); }, message);
}

TEST(Protobuf, ReadsEveryKindOfField) {
  const std::string content =
      "\x08\x96\x01"s  // 1: 150
      "\x12\x03"s
      "a\0b"s                  // 2: three bytes
      "\x1d\x00\x00\x20\xc0"s  // 3: -2.5, four bytes
      "\x21"s
      "12345678"s       // 4: eight bytes
      "\xa8\x01\x00"s;  // 21: 0
  const auto fields = ReadProtobuf(content);
  ASSERT_EQ(fields.size(), 5U);
  EXPECT_EQ(fields[0].number(), 1U);
  EXPECT_EQ(fields[0].varint(), 150U);
  EXPECT_EQ(fields[1].bytes(), "a\0b"s);
  EXPECT_EQ(fields[2].float32(), -2.5F);
  EXPECT_EQ(fields[3].bytes(), "12345678");
  EXPECT_EQ(fields[4].number(), 21U);
  EXPECT_TRUE(ReadProtobuf("").empty());
}

TEST(Protobuf, ReadsTheLargestNumber) {
  const std::string largest = std::string("\x08") + std::string(9, '\xff') + "\x01";
  EXPECT_EQ(ReadProtobuf(largest)[0].varint(), ~std::uint64_t{0});
  ExpectMalformed(std::string("\x08") + std::string(9, '\xff') + "\x02",
                  "a number of more than 64 bits");
  ExpectMalformed(std::string("\x08") + std::string(11, '\x80'), "a number of more than 64 bits");
}

TEST(Protobuf, RefusesWhatIsCutOff) {
  const std::string whole[] = {"\x08\x96\x01",
                               "\x12\x03"
                               "abc",
                               "\x1d"
                               "1234",
                               "\x21"
                               "12345678"};
  for (const std::string& content : whole) {
    for (std::size_t length = 1; length < content.size(); ++length) {
      ExpectMalformed(content.substr(0, length), "cut off at byte " + std::to_string(length));
    }
  }
  // a length beyond everything that memory holds
  ExpectMalformed(std::string("\x12") + std::string(9, '\xff') +
                      "\x01"
                      "abc",
                  "cut off at byte 14");
}

TEST(Protobuf, RefusesGroups) {
  for (const char* content : {"\x0b", "\x0c", "\x0e", "\x0f"}) {
    ExpectMalformed(content, "wire type");
  }
}

TEST(Protobuf, RefusesTheOtherKindOfValue) {
  const auto fields = ReadProtobuf(
      "\x08\x01\x12\x03"
      "abc");
  ExpectThrows<ProtobufError>([&] { fields[0].bytes(); }, "a number in place of bytes");
  ExpectThrows<ProtobufError>([&] { fields[0].float32(); }, "a number in place of bytes");
  ExpectThrows<ProtobufError>([&] { fields[1].varint(); }, "bytes in place of a number");
  ExpectThrows<ProtobufError>([&] { fields[1].float32(); }, "a float that is not of four bytes");
}

}  // namespace
}  // namespace early_exit
