#pragma once

#include <memory>
#include <string>
#include <vector>

#include "regular_file.h"
#include "zip_directory.h"

namespace caffe2::serialize {
class PyTorchStreamReader;
class ReadAdapterInterface;
}  // namespace caffe2::serialize

namespace early_exit {

// The content of a TorchScript archive, behind `Archive`.
class ArchiveReader {
 public:
  // Compares every entry's CRC. Throws std::runtime_error if `path` is unreadable, no archive, or
  // damaged.
  explicit ArchiveReader(const std::string& path);
  ~ArchiveReader();

  const std::string& path() const { return path_; }

  // Content of the extra file `name`. Throws std::runtime_error if the archive lacks it or if it is
  // larger than such files are.
  std::string ReadExtraFile(const std::string& name) const;

  // The open file, for torch.
  std::shared_ptr<caffe2::serialize::ReadAdapterInterface> adapter() const;

  // Throws std::runtime_error if somebody has written to the file since it was opened.
  void CheckUnchanged() const;

 private:
  void Open();
  void CheckStored(const ZipEntry& entry) const;
  void CheckDeflated(const ZipEntry& entry, const std::string& folder) const;

  std::string path_;
  std::shared_ptr<const RegularFile> file_;
  std::unique_ptr<caffe2::serialize::PyTorchStreamReader> records_;
};

}  // namespace early_exit
