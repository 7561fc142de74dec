#include "archive.h"

#include <caffe2/serialize/inline_container.h>

#include <fstream>
#include <stdexcept>
#include <tuple>

namespace early_exit {
namespace {

// Tells a file that cannot be opened from one that is no archive.
void CheckReadable(const std::string& path) {
  if (std::ifstream(path).peek() != std::ifstream::traits_type::eof()) return;
  throw std::runtime_error("The archive '" + path + "' must be a readable file that is not empty.");
}

}  // namespace

Archive::Archive(const std::string& path) : path_(path) {
  CheckReadable(path);
  try {
    reader_ = std::make_unique<caffe2::serialize::PyTorchStreamReader>(path);
  } catch (const c10::Error&) {
    throw std::runtime_error("'" + path +
                             "' must be an archive written by export/script.py, but is no "
                             "TorchScript archive, or is damaged.");
  }
}

Archive::~Archive() = default;

std::string Archive::ReadExtraFile(const std::string& name) const {
  const std::string record = "extra/" + name;
  if (!reader_->hasRecord(record)) {
    throw std::runtime_error("'" + path_ +
                             "' must be an archive written by export/script.py, but " +
                             "has no extra file '" + name + "'.");
  }
  try {
    const auto [data, size] = reader_->getRecord(record);
    return {static_cast<const char*>(data.get()), size};
  } catch (const c10::Error&) {
    throw std::runtime_error("The extra file '" + name + "' of '" + path_ + "' is damaged.");
  }
}

}  // namespace early_exit
