#include "regular_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "printable.h"

namespace early_exit {
namespace {

[[noreturn]] void Fail(const std::string& path, const std::string& problem) {
  throw std::runtime_error("The archive '" + Printable(path, 1000) +
                           "' must be a readable file that is not empty, but " + problem + ".");
}

}  // namespace

RegularFile::RegularFile(const std::string& path) : path_(path) {
  // Without O_NONBLOCK, opening a FIFO would wait for whoever writes into it.
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) Fail(path_, std::string("cannot be opened: ") + std::strerror(errno));
  try {
    const struct stat status = Status();
    if (!S_ISREG(status.st_mode)) Fail(path_, "is no regular file");
    if (status.st_size == 0) Fail(path_, "is empty");
    size_ = static_cast<std::uint64_t>(status.st_size);
    modified_ = status.st_mtim;
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

RegularFile::~RegularFile() { close(descriptor_); }

struct stat RegularFile::Status() const {
  struct stat status{};
  if (fstat(descriptor_, &status) != 0) Fail(path_, std::strerror(errno));
  return status;
}

std::size_t RegularFile::Read(std::uint64_t position, void* buffer, std::size_t n) const {
  std::size_t done = 0;
  while (done < n) {
    const ssize_t n_read = pread(descriptor_, static_cast<char*>(buffer) + done, n - done,
                                 static_cast<off_t>(position + done));
    if (n_read < 0 && errno == EINTR) continue;
    if (n_read < 0) Fail(path_, std::string("cannot be read: ") + std::strerror(errno));
    if (n_read == 0) break;
    done += static_cast<std::size_t>(n_read);
  }
  return done;
}

std::string RegularFile::Read(std::uint64_t position, std::size_t n) const {
  std::string content(n, '\0');
  content.resize(Read(position, content.data(), n));
  return content;
}

bool RegularFile::HasChanged() const {
  const struct stat status = Status();
  return static_cast<std::uint64_t>(status.st_size) != size_ ||
         status.st_mtim.tv_sec != modified_.tv_sec || status.st_mtim.tv_nsec != modified_.tv_nsec;
}

}  // namespace early_exit
