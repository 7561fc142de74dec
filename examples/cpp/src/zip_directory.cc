#include "zip_directory.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <set>
#include <string_view>

#include "printable.h"

namespace early_exit {
namespace {

constexpr std::string_view kEndSignature("PK\x05\x06", 4);
constexpr std::string_view kEnd64Signature("PK\x06\x06", 4);
constexpr std::string_view kLocator64Signature("PK\x06\x07", 4);
constexpr std::string_view kEntrySignature("PK\x01\x02", 4);
constexpr std::string_view kLocalSignature("PK\x03\x04", 4);
constexpr std::size_t kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20, kEntrySize = 46,
                      kLocalSize = 30;
constexpr std::size_t kLongestComment = 0xFFFF;
constexpr std::uint64_t kIn64 = 0xFFFFFFFF;  // the true number stands in the zip64 field
constexpr std::uint64_t kEncrypted = 1;
constexpr std::uint64_t kFolder = 0x10;  // of DOS, in an entry's external attributes

// Tensors are stored as they are; code, metadata and tokenizer files are small.
constexpr std::uint64_t kSmall = 64 << 20;
constexpr std::uint64_t kMostInflation = 8;
constexpr std::uint64_t kMostDirectory = 64 << 20;

// An unsigned number of `n` bytes, the lowest first.
std::uint64_t Number(std::string_view bytes, std::size_t offset, std::size_t n) {
  if (offset > bytes.size() || n > bytes.size() - offset) throw ZipError("its directory is cut");
  std::uint64_t number = 0;
  for (std::size_t i = n; i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
  }
  return number;
}

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t n_entries = 0;
};

// The zip64 record that a locator right before the end record points to, if there is one.
std::optional<Directory> Find64(const RegularFile& file, std::uint64_t end) {
  if (end < kLocator64Size) return std::nullopt;
  const std::string locator = file.Read(end - kLocator64Size, kLocator64Size);
  if (locator.compare(0, 4, kLocator64Signature) != 0) return std::nullopt;
  const std::string record = file.Read(Number(locator, 8, 8), kEnd64Size);
  if (record.compare(0, 4, kEnd64Signature) != 0) throw ZipError("its zip64 record is missing");
  return Directory{Number(record, 48, 8), Number(record, 40, 8), Number(record, 32, 8)};
}

Directory FindDirectory(const RegularFile& file) {
  const std::uint64_t tail_size = std::min<std::uint64_t>(file.size(), kEndSize + kLongestComment);
  const std::uint64_t tail_start = file.size() - tail_size;
  const std::string tail = file.Read(tail_start, tail_size);
  const std::size_t found = tail.rfind(kEndSignature);
  if (found == std::string::npos || tail.size() - found < kEndSize) {
    throw ZipError("it has no directory at its end");
  }
  if (Number(tail, found + 20, 2) != tail.size() - found - kEndSize) {
    throw ZipError("something follows its directory");
  }
  if (const auto directory = Find64(file, tail_start + found)) return *directory;
  return {Number(tail, found + 16, 4), Number(tail, found + 12, 4), Number(tail, found + 10, 2)};
}

// Numbers too large for their fields, in the order of the directory: size, stored size, offset.
void ReadZip64Field(std::string_view extra, ZipEntry* entry) {
  while (extra.size() >= 4) {
    const std::uint64_t kind = Number(extra, 0, 2), size = Number(extra, 2, 2);
    const std::string_view content = extra.substr(4, size);
    if (content.size() != size) break;
    extra.remove_prefix(4 + size);
    if (kind != 1) continue;
    std::size_t position = 0;
    for (std::uint64_t* number : {&entry->size, &entry->stored_size, &entry->offset}) {
      if (*number != kIn64) continue;
      *number = Number(content, position, 8);
      position += 8;
    }
    return;
  }
}

// Reads the entry at `*position` of the directory and moves on to the next one.
ZipEntry ReadEntry(std::string_view directory, std::size_t* position) {
  const std::string_view bytes = directory.substr(std::min(*position, directory.size()));
  if (bytes.substr(0, 4) != kEntrySignature) throw ZipError("its directory is damaged");
  const std::uint64_t flags = Number(bytes, 8, 2), method = Number(bytes, 10, 2);
  const std::size_t name_size = Number(bytes, 28, 2), extra_size = Number(bytes, 30, 2),
                    comment_size = Number(bytes, 32, 2);
  const std::size_t size = kEntrySize + name_size + extra_size + comment_size;
  if (size > bytes.size()) throw ZipError("its directory is cut");
  ZipEntry entry;
  entry.name = bytes.substr(kEntrySize, name_size);
  entry.compressed = method != 0;
  entry.crc = static_cast<std::uint32_t>(Number(bytes, 16, 4));
  entry.stored_size = Number(bytes, 20, 4);
  entry.size = Number(bytes, 24, 4);
  entry.offset = Number(bytes, 42, 4);
  ReadZip64Field(bytes.substr(kEntrySize + name_size, extra_size), &entry);
  if ((method != 0 && method != 8) || (flags & kEncrypted) != 0) {
    throw ZipError("'" + Printable(entry.name) + "' is neither stored nor deflated");
  }
  // torch's reader would take it for empty, and leave what it should hold unfilled.
  if ((Number(bytes, 38, 4) & kFolder) != 0) {
    throw ZipError("'" + Printable(entry.name) + "' is marked as a folder");
  }
  *position += size;
  return entry;
}

// The local header must tell of the same entry, since it says where the content starts.
std::uint64_t FindStart(const RegularFile& file, const ZipEntry& entry) {
  const std::string header = file.Read(entry.offset, kLocalSize + entry.name.size());
  if (header.size() != kLocalSize + entry.name.size() ||
      header.compare(0, 4, kLocalSignature) != 0 ||
      header.compare(kLocalSize, std::string::npos, entry.name) != 0 ||
      Number(header, 26, 2) != entry.name.size()) {
    throw ZipError("'" + Printable(entry.name) + "' is not where its directory says");
  }
  const std::uint64_t start = entry.offset + header.size() + Number(header, 28, 2);
  if (start > file.size() || entry.stored_size > file.size() - start) {
    throw ZipError("'" + Printable(entry.name) + "' is cut");
  }
  if (!entry.compressed && entry.size != entry.stored_size) {
    throw ZipError("'" + Printable(entry.name) + "' has two sizes");
  }
  return start;
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void CheckTogether(const RegularFile& file, const std::vector<ZipEntry>& entries) {
  std::set<std::string> names;  // torch looks for them without regard to case
  std::uint64_t stored = 0, inflated = 0;
  const std::uint64_t most = file.size() * kMostInflation + kSmall;
  for (const ZipEntry& entry : entries) {
    if (!names.insert(LowerCase(entry.name)).second) {
      throw ZipError("'" + Printable(entry.name) + "' is there twice");
    }
    stored += entry.stored_size;  // each is less than the file, and they are few
    if (stored > file.size()) throw ZipError("its entries overlap");
    if (entry.size > most || (inflated += entry.size) > most) {
      throw ZipError("'" + Printable(entry.name) + "' would inflate to " +
                     std::to_string(entry.size) + " bytes, more than an archive of " +
                     std::to_string(file.size()) + " bytes may hold");
    }
  }
}

}  // namespace

std::vector<ZipEntry> ReadZipDirectory(const RegularFile& file) {
  const Directory place = FindDirectory(file);
  if (place.size > kMostDirectory || place.offset > file.size() ||
      place.size > file.size() - place.offset) {
    throw ZipError("its directory is damaged");
  }
  const std::string directory = file.Read(place.offset, place.size);
  std::vector<ZipEntry> entries;
  for (std::size_t position = 0; position < directory.size();) {
    entries.push_back(ReadEntry(directory, &position));
  }
  if (entries.size() != place.n_entries) throw ZipError("its directory is damaged");
  for (ZipEntry& entry : entries) entry.start = FindStart(file, entry);
  CheckTogether(file, entries);
  return entries;
}

}  // namespace early_exit
