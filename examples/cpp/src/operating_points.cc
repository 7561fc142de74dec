#include "operating_points.h"

#include <cmath>
#include <locale>
#include <sstream>
#include <stdexcept>

namespace early_exit {
namespace {

template <typename T>
std::string ToText(const T& value) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << value;
  return text.str();
}

std::string ListSpeedups(const Metadata& metadata) {
  std::string list;
  for (const OperatingPoint& point : metadata.operating_points) {
    if (!point.target_speedup || !point.threshold) continue;
    list += (list.empty() ? "" : ", ") + ToText(*point.target_speedup);
  }
  return list.empty() ? "none; give a threshold instead" : list;
}

}  // namespace

void ClassifierOptions::Validate() const {
  const auto refuse = [](const std::string& message) { throw std::invalid_argument(message); };
  if (model_path.empty()) refuse("`model_path` must name an archive, but is empty instead.");
  if (threshold && target_speedup) {
    refuse("`threshold` and `target_speedup` must not both be given: each sets the other.");
  }
  if (threshold && std::isnan(*threshold)) {
    refuse(
        "`threshold` must be a number (entropy in nats), but is NaN instead. "
        "Use 0 to never exit early.");
  }
  if (batch_size < 1 || batch_size > 65536) {
    refuse("`batch_size` must be in 1..65536, but is " + std::to_string(batch_size) + " instead.");
  }
  if (threads < 0 || threads > 4096) {
    refuse("`threads` must be in 0..4096, but is " + std::to_string(threads) + " instead.");
  }
}

std::optional<double> ChooseThreshold(const ClassifierOptions& options, const Metadata& metadata) {
  if (!options.target_speedup) return options.threshold;
  for (const OperatingPoint& point : metadata.operating_points) {
    if (!point.target_speedup || !point.threshold) continue;
    if (std::abs(*point.target_speedup - *options.target_speedup) < 1e-9) return point.threshold;
  }
  if (*options.target_speedup == 1.0) return 0.0;  // full depth needs no calibration
  throw std::invalid_argument("`target_speedup` must be one of the archive's operating points (" +
                              ListSpeedups(metadata) + "), but is " +
                              ToText(*options.target_speedup) + " instead.");
}

}  // namespace early_exit
