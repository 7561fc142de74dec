#include "line_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "messages.h"

namespace early_exit::classify {
namespace {

using Lines = std::vector<std::string>;

class LineReaderTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(pipe(ends_), 0); }
  void TearDown() override {
    close(ends_[0]);
    Close();
  }
  void Write(const std::string& text) const {
    ASSERT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void Close() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  int input() const { return ends_[0]; }

 private:
  int ends_[2] = {-1, -1};
};

TEST_F(LineReaderTest, SplitsAtLineBreaks) {
  Write("one\n\ntwo\r\n\rth\rree\nlast");
  Close();
  LineReader reader(input());
  EXPECT_EQ(reader.Read(100), (Lines{"one", "", "two", "\rth\rree", "last"}));
  EXPECT_EQ(reader.Read(100), Lines{});
}

TEST_F(LineReaderTest, DropsAByteOrderMarkAtTheStartAlone) {
  LineReader reader(input());
  Write("\xef");  // as slowly as a pipe may be
  std::thread writer([&] {
    Write("\xbb");
    Write(
        "\xbf"
        "a\n\xef\xbb\xbf"
        "b\nc\xef\xbb\xbf\n");
    Close();
  });
  Lines lines;
  for (Lines more = reader.Read(9); !more.empty(); more = reader.Read(9)) {
    lines.insert(lines.end(), more.begin(), more.end());
  }
  writer.join();
  EXPECT_EQ(lines, (Lines{"a",
                          "\xef\xbb\xbf"
                          "b",
                          "c\xef\xbb\xbf"}));
}

TEST_F(LineReaderTest, FindsNoLineInAByteOrderMarkAlone) {
  Write("\xef\xbb\xbf");
  Close();
  LineReader reader(input());
  EXPECT_EQ(reader.Read(9), Lines{});
}

TEST_F(LineReaderTest, KeepsWhatOnlyStartsLikeAByteOrderMark) {
  Write("\xef\xbb");
  Close();
  LineReader reader(input());
  EXPECT_EQ(reader.Read(9), Lines{"\xef\xbb"});
}

TEST_F(LineReaderTest, GivesNoMoreThanTheLimit) {
  Write("a\nb\nc\n");
  Close();
  LineReader reader(input());
  EXPECT_EQ(reader.Read(2), (Lines{"a", "b"}));
  EXPECT_EQ(reader.Read(2), Lines{"c"});
  EXPECT_EQ(reader.Read(2), Lines{});
}

TEST_F(LineReaderTest, DoesNotWaitOnceItHasALine) {
  LineReader reader(input());
  Write("whole\nhal");
  EXPECT_EQ(reader.Read(100), Lines{"whole"});  // the pipe is open, and nothing comes
  Write("f\n");
  EXPECT_EQ(reader.Read(100), Lines{"half"});
}

TEST_F(LineReaderTest, TakesLinesLongerThanItsBuffer) {
  const std::string line(1 << 20, 'x');
  std::thread writer([&] {  // a pipe holds less than a line
    for (std::size_t i = 0; i < line.size(); i += 1 << 12) Write(line.substr(i, 1 << 12));
    Write("\nshort\n");
    Close();
  });
  LineReader reader(input());
  Lines lines;
  for (Lines more = reader.Read(9); !more.empty(); more = reader.Read(9)) {
    lines.insert(lines.end(), more.begin(), more.end());
  }
  writer.join();
  EXPECT_EQ(lines, (Lines{line, "short"}));
}

TEST_F(LineReaderTest, StopsOnceItsLinesTakeTheirRoom) {
  Write("aaaa\nbbbb\ncccc\n");
  Close();
  LineReader reader(input());
  EXPECT_EQ(reader.Read(100, 50), (Lines{"aaaa", "bbbb"}));  // a line takes some bytes itself
  EXPECT_EQ(reader.Read(100, 1), Lines{"cccc"});
}

TEST_F(LineReaderTest, WaitsForAnInputThatDoesNotBlock) {
  ASSERT_EQ(fcntl(input(), F_SETFL, O_NONBLOCK), 0);
  std::thread writer([&] {
    usleep(50000);
    Write("late\n");
    Close();
  });
  LineReader reader(input());
  EXPECT_EQ(reader.Read(100), Lines{"late"});
  writer.join();
}

// A terminal that hangs up gives an error instead of an end; what came before it is answered.
TEST(LineReader, LosesNoLineToAnErrorBehindIt) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  const int other = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_GE(other, 0);
  ASSERT_EQ(write(other, "one\ntwo\n", 8), 8);
  close(other);  // from here on, reading what is left ends in EIO
  LineReader reader(terminal);
  Lines lines;
  try {
    for (Lines more = reader.Read(100); !more.empty(); more = reader.Read(100)) {
      lines.insert(lines.end(), more.begin(), more.end());
    }
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("Standard input cannot be read"), std::string::npos);
  }
  EXPECT_EQ(lines, (Lines{"one", "two"}));
  close(terminal);
}

TEST(LineReader, TellsThatItCannotRead) {
  const int folder = open("/", O_RDONLY);
  LineReader reader(folder);
  ExpectThrows<std::runtime_error>([&] { reader.Read(1); }, "Standard input cannot be read");
  close(folder);
}

}  // namespace
}  // namespace early_exit::classify
