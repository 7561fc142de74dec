#pragma once

#include <memory>
#include <string>

#include "early_exit/export.h"
#include "early_exit/metadata.h"
#include "early_exit/tokenizer.h"

namespace early_exit {

class ArchiveReader;

// An archive written by export/script.py: opened once, and checked before anything is made of it.
// What reads the tokenizer and what loads the model read the same file, also where another has
// taken its name meanwhile.
class EARLY_EXIT_EXPORT Archive {
 public:
  // Throws std::runtime_error if `path` is no regular file that can be read, no archive, damaged
  // (every entry's CRC is compared, and its size before it is inflated), or newer than this build.
  explicit Archive(const std::string& path);
  Archive(Archive&&) noexcept;
  Archive& operator=(Archive&&) noexcept;
  ~Archive();

  const Metadata& metadata() const { return metadata_; }

  // The tokenizer that the archive carries; null for an archive without one.
  std::unique_ptr<Tokenizer> ReadTokenizer() const;

  // For engines.
  const ArchiveReader& reader() const { return *reader_; }

 private:
  std::shared_ptr<const ArchiveReader> reader_;
  Metadata metadata_;
};

}  // namespace early_exit
