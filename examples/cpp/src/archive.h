#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace caffe2::serialize {
class PyTorchStreamReader;
}

namespace early_exit {

// The extra files of a TorchScript archive, readable without loading the model.
class Archive {
 public:
  // Throws std::runtime_error if `path` is unreadable or no archive.
  explicit Archive(const std::string& path);
  ~Archive();

  // Content of the extra file `name`. Throws std::runtime_error if the archive lacks it.
  std::string ReadExtraFile(const std::string& name) const;

 private:
  std::string path_;
  std::unique_ptr<caffe2::serialize::PyTorchStreamReader> reader_;
};

}  // namespace early_exit
