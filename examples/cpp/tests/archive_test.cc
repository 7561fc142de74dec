#include "early_exit/archive.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>

#include "archive_reader.h"
#include "crc32.h"
#include "early_exit/classifier.h"
#include "expected.h"
#include "messages.h"
#include "zip_writer.h"

namespace early_exit {
namespace {

using testing::ArchivePath;
using testing::ReadFile;
using testing::ZipFile;

class ArchiveTest : public ::testing::Test {
 protected:
  ArchiveTest() : path_(::testing::TempDir() + "early_exit_" + std::to_string(getpid()) + ".pt") {}
  ~ArchiveTest() override { std::remove(path_.c_str()); }

  void Write(const std::string& content) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << content;
  }
  void ExpectRefused(const std::string& content, const std::string& message) const {
    Write(content);
    ExpectThrows<std::runtime_error>([this] { Archive archive(path_); }, message);
  }

  std::string path_;
};

TEST(Crc32, IsThatOfZipFiles) {
  EXPECT_EQ(Crc32("", 0), 0u);
  EXPECT_EQ(Crc32("123456789", 9), 0xCBF43926u);
  const std::string text = "The quick brown fox jumps over the lazy dog";
  EXPECT_EQ(Crc32(text.data(), text.size()), 0x414FA339u);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::uint32_t first = Crc32(text.data(), cut);
    EXPECT_EQ(Crc32(text.data() + cut, text.size() - cut, first), 0x414FA339u);
  }
}

TEST_F(ArchiveTest, RefusesAFlippedBitInEveryEntry) {
  const std::string whole = ReadFile(ArchivePath("single.pt"));
  std::mt19937 random(0);
  std::size_t n_flipped = 0;
  for (const ZipEntry& entry : ReadZipDirectory(RegularFile(ArchivePath("single.pt")))) {
    // The last bits of what is deflated mean nothing.
    const std::size_t size =
        entry.stored_size - std::min<std::size_t>(entry.compressed ? 2 : 0, entry.stored_size);
    if (size == 0) continue;
    std::string damaged = whole;
    damaged[entry.start + random() % size] ^= static_cast<char>(1 << random() % 8);
    SCOPED_TRACE(entry.name);
    ExpectRefused(damaged, "but is no TorchScript archive, or is damaged");
    ++n_flipped;
  }
  EXPECT_GT(n_flipped, 20u);
}

TEST_F(ArchiveTest, RefusesWhatIsNoRegularFile) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  ExpectThrows<std::runtime_error>([this] { Archive archive(path_); }, "but is no regular file");
  ExpectThrows<std::runtime_error>([] { Archive archive("/dev/zero"); }, "is no regular file");
  ExpectThrows<std::runtime_error>([] { Archive archive("/"); }, "is no regular file");
  ExpectThrows<std::runtime_error>([] { Archive archive(""); }, "cannot be opened: No such file");
  ExpectThrows<std::runtime_error>([] { Archive archive("a\xff\n"); }, "archive 'a\ufffd '");
}

TEST_F(ArchiveTest, RefusesAnEmptyFile) { ExpectRefused("", "but is empty"); }

// Zeros of 600 MB deflated a thousandfold, under the name that torch reads first.
TEST_F(ArchiveTest, RefusesWhatWouldInflateTooFarBeforeItDoes) {
  ZipFile zip;
  zip.Add({"a/.data/version", std::string(600000, '\0'), 8, 600000000});
  ExpectRefused(zip.Finish(), "would inflate to 600000000 bytes");
  ZipFile stored;
  stored.Add({"a/version", "3\n", 0, 3000000000});
  ExpectRefused(stored.Finish(), "'a/version' has two sizes");
}

TEST_F(ArchiveTest, RefusesADirectoryThatLies) {
  const auto refused = [this](ZipFile zip, const std::string& message) {
    ExpectRefused(zip.Finish(), message);
  };
  const ZipFile::Entry entry{"a/version", "3\n"};
  ZipFile twice;
  twice.Add(entry);
  twice.Add({"a/VERSION", "3\n"});
  refused(twice, "'a/VERSION' is there twice");
  ZipFile outside;
  outside.Add(entry);
  outside.Add({"b/version", "3\n"});
  refused(outside, "'b/version' is outside of its folder");
  ZipFile none;
  refused(none, "it is empty");
  ZipFile bare;
  bare.Add({"version", "3\n"});
  refused(bare, "it has no folder");
  ZipFile method;
  method.Add({"a/version", "3\n", 12});
  refused(method, "is neither stored nor deflated");
  ZipFile elsewhere;
  elsewhere.Add(entry);
  elsewhere.directory[elsewhere.directory.size() - entry.name.size() - 4] = 7;  // its place
  refused(elsewhere, "'a/version' is not where its directory says");
  ZipFile folder;
  folder.Add(entry);
  folder.directory[folder.directory.size() - entry.name.size() - 8] = 0x10;  // its attributes
  refused(folder, "'a/version' is marked as a folder");
  ZipFile cut;
  cut.Add(entry);
  cut.directory.pop_back();
  refused(cut, "its directory is");
  ZipFile more;
  more.Add(entry);
  more.n_entries = 2;
  refused(more, "its directory is damaged");
  ZipFile content;
  content.Add(entry);
  content.content[content.content.size() - 1] = 'x';
  refused(content, "the content of 'a/version' has changed");
}

TEST_F(ArchiveTest, ReadsTheSameFileAlsoWhereAnotherTakesItsName) {
  Write(ReadFile(ArchivePath("single.pt")));
  const Archive archive(path_);
  const std::string other = path_ + ".other";
  std::ofstream(other, std::ios::binary) << ReadFile(ArchivePath("pair.pt"));
  ASSERT_EQ(std::rename(other.c_str(), path_.c_str()), 0);
  const Classifier classifier(TextEncoder(archive), LoadEngine(archive), {});
  EXPECT_EQ(classifier.metadata().labels.size(), 3u);
  EXPECT_EQ(classifier.Classify({"a fine film"})[0].logits.size(), 3u);
  EXPECT_EQ(Archive(path_).metadata().labels.size(), 2u);
}

TEST_F(ArchiveTest, RefusesAFileThatIsWrittenToMeanwhile) {
  Write(ReadFile(ArchivePath("single.pt")));
  const Archive archive(path_);
  usleep(20000);  // file times are coarse
  Write(ReadFile(ArchivePath("pair.pt")));
  ExpectThrows<std::runtime_error>([&] { LoadEngine(archive); }, "");
  ExpectThrows<std::runtime_error>([&] { TextEncoder encoder(archive); }, "");
}

}  // namespace
}  // namespace early_exit
