#include "program.h"

#include <gtest/gtest.h>

#include "expected.h"
#include "line_format.h"

namespace early_exit {
namespace {

using testing::ArchivePath;
using testing::Expected;
using testing::Program;

std::string Join(const TokenIds& tokens) {
  std::string line;
  for (const std::int64_t token : tokens) line += std::to_string(token) + " ";
  return line;
}

std::string ToLine(const Sentence& sentence) {
  const Sentence::Value& value = sentence.value();
  if (const auto* pair = std::get_if<TextPair>(&value)) return pair->first + "\t" + pair->second;
  if (const auto* tokens = std::get_if<TokenIds>(&value)) return Join(*tokens);
  return std::get<std::string>(value);
}

// The lines that `classify` must write; probabilities are compared as text, to the sixth decimal.
std::string Answers(const std::vector<Prediction>& predictions) {
  std::string text;
  for (const Prediction& prediction : predictions) {
    text += classify::FormatOutcome({prediction, "", ErrorKind::kNone});
  }
  return text;
}

// Label and exit of every line: what must not differ at all.
std::vector<std::string> LabelsAndExits(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    const std::string line = text.substr(start, end - start);
    lines.push_back(line.substr(0, line.find('\t')) + line.substr(line.rfind('\t')));
    start = end + 1;
  }
  return lines;
}

class ProgramTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ProgramTest, AnswersEveryLineInOrder) {
  const Expected expected = testing::ReadExpected(GetParam());
  for (const bool tokens : {false, true}) {
    std::vector<std::string> arguments{"--model", expected.path, "--batch", "4", "--threads", "1"};
    if (tokens) arguments.push_back("--tokens");
    Program program(arguments);
    for (std::size_t i = 0; i < expected.sentences.size(); ++i) {
      program.Write((tokens ? Join(expected.inputs[i]) : ToLine(expected.sentences[i])) + "\n");
    }
    program.CloseInput();
    EXPECT_EQ(LabelsAndExits(program.ReadOutput()),
              LabelsAndExits(Answers(expected.runs[0].predictions)));
    const std::string errors = program.ReadErrors();  // every archive's texts hold long ones
    EXPECT_EQ(errors.rfind("classify: Lines cut to the model's 17 tokens: ", 0),
              tokens ? std::string::npos : 0)
        << errors;
    EXPECT_EQ(program.Wait(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Archives, ProgramTest, ::testing::ValuesIn(testing::kArchives));

TEST(Program, PutsErrorsInTheirPlace) {
  Program program({"--model", ArchivePath("single.pt")});
  program.Write("fine\n\nfine\r\na\tpair\na\tb\tc\nbad \xff\nlast");
  program.CloseInput();
  const std::string fine = program.ReadLine();
  EXPECT_NE(fine.substr(0, 5), "ERROR");
  EXPECT_EQ(program.ReadLine(), "ERROR\tA text must have at least one character, but is empty.\n");
  EXPECT_EQ(program.ReadLine(), fine);
  EXPECT_EQ(program.ReadLine(),
            "ERROR\tThe model classifies single texts, but was given a pair of texts instead.\n");
  EXPECT_EQ(program.ReadLine().rfind("ERROR\tA line must hold one text", 0), 0u);
  EXPECT_EQ(program.ReadLine(), "ERROR\tA text must be valid UTF-8, but is not at byte 4.\n");
  EXPECT_NE(program.ReadLine().substr(0, 5), "ERROR");
  EXPECT_EQ(program.ReadLine(), "");
  EXPECT_EQ(program.Wait(), 1);
}

TEST(Program, AnswersTheSameOnAnyNumberOfThreads) {
  const Expected expected = testing::ReadExpected("single");
  for (const char* threads : {"--threads=1", "--threads=3", "--threads=4096", ""}) {
    std::vector<std::string> arguments{"--model", expected.path, "--batch=2"};
    if (*threads != '\0') arguments.emplace_back(threads);
    Program program(arguments);
    for (const Sentence& sentence : expected.sentences) program.Write(ToLine(sentence) + "\n");
    program.CloseInput();
    EXPECT_EQ(LabelsAndExits(program.ReadOutput()),
              LabelsAndExits(Answers(expected.runs[0].predictions)));
    EXPECT_EQ(program.Wait(), 0);
  }
}

TEST(Program, AnswersAsIfThereWereNoByteOrderMark) {
  for (const bool tokens : {false, true}) {
    std::vector<std::string> arguments{"--model", ArchivePath("single.pt")};
    if (tokens) arguments.push_back("--tokens");
    const std::string line = tokens ? "0 10 20 2\n" : "a fine film\n";
    Program program(arguments);
    program.Write("\xef\xbb\xbf" + line + line);
    program.CloseInput();
    const std::string first = program.ReadLine();
    EXPECT_NE(first.substr(0, 5), "ERROR");
    EXPECT_EQ(program.ReadLine(), first);
    EXPECT_EQ(program.Wait(), 0);
  }
}

TEST(Program, AnswersBeforeItsInputEnds) {
  Program program({"--model", ArchivePath("single.pt")});
  for (int i = 0; i < 3; ++i) {
    program.Write("a line\n");
    EXPECT_NE(program.ReadLine(), "");
  }
  program.CloseInput();
  EXPECT_EQ(program.Wait(), 0);
}

TEST(Program, TakesThresholdAndSpeedup) {
  const Expected expected = testing::ReadExpected("single");
  for (const auto& [option, run] : {std::pair{"--threshold=0", 1},
                                    {"--speedup=1", 1},
                                    {"--speedup=1.5", 3},
                                    {"--threshold=100", 4}}) {
    Program program({"--model", expected.path, option});
    for (const Sentence& sentence : expected.sentences) program.Write(ToLine(sentence) + "\n");
    program.CloseInput();
    EXPECT_EQ(LabelsAndExits(program.ReadOutput()),
              LabelsAndExits(Answers(expected.runs[static_cast<std::size_t>(run)].predictions)));
    EXPECT_EQ(program.Wait(), 0);
  }
}

TEST(Program, HelpsAndEndsQuietlyOnEmptyInput) {
  Program help({"--help"});
  EXPECT_EQ(help.ReadOutput().substr(0, 18), "Classify the lines");
  EXPECT_EQ(help.Wait(), 0);
  Program empty({"--model", ArchivePath("single.pt")});
  empty.CloseInput();
  EXPECT_EQ(empty.ReadOutput(), "");
  EXPECT_EQ(empty.Wait(), 0);
}

TEST(Program, RefusesBadUsageInOneSentence) {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"--model", ArchivePath("missing.pt")},
      {"--model", ArchivePath("text.pt")},
      {"--model", ArchivePath("newer.pt")},
      {"--model", ArchivePath("single.pt"), "--speedup", "7"},
      {"--model", ArchivePath("single.pt"), "--speedup", "2", "--threshold", "0.1"},
      {"--model", ArchivePath("single.pt"), "--threshold", "nan"},
      {"--model", ArchivePath("single.pt"), "--device", "abacus"},
      {"--model", ArchivePath("single.pt"), "--batch", "0"},
      {"--frobnicate"}};
  for (const auto& arguments : cases) {
    Program program(arguments);
    program.CloseInput();
    EXPECT_EQ(program.ReadOutput(), "");
    const std::string errors = program.ReadErrors();
    EXPECT_EQ(errors.substr(0, 10), "classify: ");
    EXPECT_EQ(errors.find('\n'), errors.size() - 1) << errors;  // one line, no trace
    EXPECT_EQ(program.Wait(), 2);
  }
}

TEST(Program, FailsWhenItCannotWrite) {
  Program full({"--model", ArchivePath("single.pt")}, "/dev/full");
  full.Write("a line\n");
  full.CloseInput();
  EXPECT_NE(full.ReadErrors().find("Standard output cannot be written"), std::string::npos);
  EXPECT_EQ(full.Wait(), 1);
  Program gone({"--model", ArchivePath("single.pt")});
  gone.CloseOutput();
  gone.Write("a line\n");
  gone.CloseInput();
  EXPECT_NE(gone.ReadErrors().find("Standard output cannot be written"), std::string::npos);
  EXPECT_EQ(gone.Wait(), 1);
}

}  // namespace
}  // namespace early_exit
