#include "early_exit/archive.h"

#include "archive_reader.h"

namespace early_exit {

Archive::Archive(const std::string& path)
    : reader_(std::make_shared<ArchiveReader>(path)),
      metadata_(ParseMetadata(reader_->ReadExtraFile("metadata.json"))) {
  reader_->CheckUnchanged();
}

Archive::Archive(Archive&&) noexcept = default;
Archive& Archive::operator=(Archive&&) noexcept = default;
Archive::~Archive() = default;

std::unique_ptr<Tokenizer> Archive::ReadTokenizer() const {
  if (!metadata_.tokenizer) return nullptr;
  TokenizerFiles files;
  for (const std::string& name : metadata_.tokenizer->files) {
    files[name] = reader_->ReadExtraFile(name);
  }
  reader_->CheckUnchanged();
  return MakeTokenizer(metadata_.tokenizer->kind, files, metadata_.tokenizer->special_pieces);
}

}  // namespace early_exit
