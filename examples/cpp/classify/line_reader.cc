#include "line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace early_exit::classify {
namespace {

constexpr std::size_t kReadSize = 1 << 16;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

std::vector<std::string> LineReader::Read(std::size_t max_lines, std::size_t max_bytes) {
  std::vector<std::string> lines;
  std::size_t n_bytes = 0;
  while (lines.size() < max_lines && n_bytes < max_bytes) {
    if (TakeLine(&lines)) {
      n_bytes += lines.back().size() + sizeof(std::string);
      continue;
    }
    if (at_end_ || (!lines.empty() && !DataWaits())) break;
    Fill();
  }
  // Only when the lines before it are out.
  if (lines.empty() && error_ != 0) {
    throw std::runtime_error(std::string("Standard input cannot be read: ") +
                             std::strerror(error_));
  }
  return lines;
}

bool LineReader::TakeLine(std::vector<std::string>* lines) {
  if (!begun_ && !SkipByteOrderMark()) return false;
  std::size_t end = buffer_.find('\n', scanned_);
  std::size_t next = end + 1;
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    if (!at_end_ || start_ == buffer_.size()) return false;
    end = next = buffer_.size();
  }
  if (end > start_ && buffer_[end - 1] == '\r') --end;
  lines->push_back(buffer_.substr(start_, end - start_));
  start_ = scanned_ = next;
  return true;
}

// Returns whether enough was read to tell that the input starts with none, or does no longer.
bool LineReader::SkipByteOrderMark() {
  if (buffer_.size() < kByteOrderMark.size() && !at_end_) return false;
  if (buffer_.rfind(kByteOrderMark, 0) == 0) buffer_.erase(0, kByteOrderMark.size());
  return begun_ = true;
}

// For whoever made the input one that does not block.
void LineReader::Wait() const {
  pollfd request{descriptor_, POLLIN, 0};
  poll(&request, 1, -1);
}

bool LineReader::DataWaits() const {
  pollfd request{descriptor_, POLLIN, 0};
  return poll(&request, 1, 0) > 0;
}

void LineReader::Fill() {
  buffer_.erase(0, start_);
  scanned_ -= start_;
  start_ = 0;
  const std::size_t size = buffer_.size();
  buffer_.resize(size + kReadSize);
  ssize_t n_read = read(descriptor_, &buffer_[size], kReadSize);
  while (n_read < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) {
    if (errno != EINTR) Wait();
    n_read = read(descriptor_, &buffer_[size], kReadSize);
  }
  if (n_read < 0) error_ = errno;
  buffer_.resize(size + static_cast<std::size_t>(n_read < 0 ? 0 : n_read));
  at_end_ = n_read <= 0;
}

}  // namespace early_exit::classify
