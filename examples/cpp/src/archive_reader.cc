#include "archive_reader.h"

#include <caffe2/serialize/inline_container.h>
#include <caffe2/serialize/read_adapter_interface.h>

#include <algorithm>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

#include "crc32.h"
#include "printable.h"

namespace early_exit {
namespace {

constexpr std::size_t kChunkSize = 1 << 20;
constexpr std::size_t kMostExtra = 256 << 20;  // vocabularies of a quarter of a million: 20 MB

// The open file as torch reads it.
class FileAdapter : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit FileAdapter(std::shared_ptr<const RegularFile> file) : file_(std::move(file)) {}
  std::size_t size() const override { return file_->size(); }
  std::size_t read(std::uint64_t position, void* buffer, std::size_t n,
                   const char*) const override {
    return file_->Read(position, buffer, n);
  }

 private:
  std::shared_ptr<const RegularFile> file_;
};

// The folder that holds every entry of an archive.
std::string FolderOf(const std::vector<ZipEntry>& entries) {
  if (entries.empty()) throw ZipError("it is empty");
  const std::string& name = entries.front().name;
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) throw ZipError("it has no folder");
  std::string folder = name.substr(0, slash + 1);
  for (const ZipEntry& entry : entries) {
    if (entry.name.rfind(folder, 0) == 0) continue;
    throw ZipError("'" + Printable(entry.name) + "' is outside of its folder");
  }
  return folder;
}

void CheckSum(const ZipEntry& entry, std::uint32_t crc) {
  if (crc != entry.crc)
    throw ZipError("the content of '" + Printable(entry.name) + "' has changed");
}

}  // namespace

ArchiveReader::ArchiveReader(const std::string& path)
    : path_(path), file_(std::make_shared<RegularFile>(path)) {
  const std::string subject = "'" + Printable(path_, 1000) +
                              "' must be an archive written by export/script.py, but is no "
                              "TorchScript archive, or is damaged";
  try {
    Open();
  } catch (const ZipError& error) {
    throw std::runtime_error(subject + ": " + error.what() + ".");
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {  // torch's own, and those of what it parses
    throw std::runtime_error(subject + ".");
  }
}

ArchiveReader::~ArchiveReader() = default;

void ArchiveReader::Open() {
  const std::vector<ZipEntry> entries = ReadZipDirectory(*file_);
  const std::string folder = FolderOf(entries);
  for (const ZipEntry& entry : entries) {
    if (!entry.compressed) CheckStored(entry);
  }
  // Only now: torch inflates an entry as soon as it opens a file, and believes what it finds there.
  records_ = std::make_unique<caffe2::serialize::PyTorchStreamReader>(adapter());
  for (const ZipEntry& entry : entries) {
    if (entry.compressed) CheckDeflated(entry, folder);
  }
}

void ArchiveReader::CheckStored(const ZipEntry& entry) const {
  std::vector<char> chunk(std::min<std::size_t>(kChunkSize, entry.size));
  std::uint32_t crc = 0;
  for (std::uint64_t done = 0; done < entry.size;) {
    const std::size_t wanted = std::min<std::uint64_t>(chunk.size(), entry.size - done);
    const std::size_t n = file_->Read(entry.start + done, chunk.data(), wanted);
    if (n == 0) break;  // somebody has cut the file meanwhile
    crc = Crc32(chunk.data(), n, crc);
    done += n;
  }
  CheckSum(entry, crc);
}

void ArchiveReader::CheckDeflated(const ZipEntry& entry, const std::string& folder) const {
  const std::size_t chunk_size = std::min<std::size_t>(kChunkSize, entry.size);
  std::vector<char> chunk(chunk_size);
  std::uint32_t crc = 0;
  if (entry.size > 0) {
    const std::string record = entry.name.substr(folder.size());
    auto chunks = records_->createChunkReaderIter(record, entry.size, chunk_size);
    for (std::size_t done = 0; done < entry.size;) {
      const std::size_t n = chunks.next(chunk.data());
      crc = Crc32(chunk.data(), n, crc);
      done += n;
    }
  }
  CheckSum(entry, crc);
}

std::string ArchiveReader::ReadExtraFile(const std::string& name) const {
  const std::string record = "extra/" + name;
  const std::string file = "the extra file '" + Printable(name) + "'";
  if (!records_->hasRecord(record)) {
    throw std::runtime_error("'" + Printable(path_, 1000) +
                             "' must be an archive written by export/script.py, but has no extra "
                             "file '" +
                             Printable(name) + "'.");
  }
  if (records_->getRecordSize(record) > kMostExtra) {
    throw std::runtime_error("In '" + Printable(path_, 1000) + "' " + file + " must have at most " +
                             std::to_string(kMostExtra) + " bytes, but has more.");
  }
  try {
    const auto [data, size] = records_->getRecord(record);
    return {static_cast<const char*>(data.get()), size};
  } catch (const c10::Error&) {
    throw std::runtime_error("In '" + Printable(path_, 1000) + "' " + file + " is damaged.");
  }
}

std::shared_ptr<caffe2::serialize::ReadAdapterInterface> ArchiveReader::adapter() const {
  return std::make_shared<FileAdapter>(file_);
}

void ArchiveReader::CheckUnchanged() const {
  if (!file_->HasChanged()) return;
  throw std::runtime_error("The archive '" + Printable(path_, 1000) +
                           "' was written to while it was read. Load it again, and replace "
                           "archives by renaming.");
}

}  // namespace early_exit
