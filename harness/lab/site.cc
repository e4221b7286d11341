#include "harness/lab/site.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "harness/lab/network.h"

namespace assay {

namespace {

/// Where an ordinary user's programs keep their data.
std::filesystem::path data_folder() {
  const auto set = [](const char* name) {
    const char* text = std::getenv(name);
    return std::filesystem::path(text == nullptr ? "" : text);
  };
  const std::filesystem::path named = set("XDG_DATA_HOME");
  return named.is_absolute() ? named : std::filesystem::path("/") / set("HOME") / ".local/share";
}

}  // namespace

Result<LabSite> lab_site() {
  LabSite site;
  if (::geteuid() != 0) site.state = data_folder() / "assay";
  if (const char* state = std::getenv("ASSAY_LAB"); state != nullptr && *state != '\0') {
    const std::string_view text = state;
    // These separate the options of an overlay mount.
    if (text[0] != '/' || text.find_first_of(",:\\\n\" ") != std::string_view::npos) {
      return Error{ErrorKind::configuration,
                   fmt::format("ASSAY_LAB: expected an absolute path without blanks, commas, "
                               "colons, quotes and backslashes, got '{}'",
                               text)};
    }
    site.state = std::filesystem::path(text).lexically_normal();
    if (!site.state.has_filename()) site.state = site.state.parent_path();
  }
  if (const char* number = std::getenv("ASSAY_LAB_NUMBER"); number != nullptr && *number != '\0') {
    const std::string_view text = number;
    if (text.size() != 1 || text[0] < '0' || text[0] > '9') {
      return Error{ErrorKind::configuration,
                   fmt::format("ASSAY_LAB_NUMBER: expected 0 to 9, got '{}'", text)};
    }
    site.number = text[0] - '0';
  } else {
    site.number = choose_number(site, bridge_owner);
  }
  return site;
}

int choose_number(const LabSite& site, const std::function<std::string(const LabSite&)>& owner_of) {
  int first_free = lab_numbers;
  for (int number = 0; number < lab_numbers; ++number) {
    LabSite candidate = site;
    candidate.number = number;
    const std::string owner = owner_of(candidate);
    std::error_code ignored;
    const bool is_there = std::filesystem::exists(candidate.folder(), ignored);
    if (is_there && (owner.empty() || owner == candidate.folder())) return number;
    if (owner.empty()) first_free = std::min(first_free, number);
  }
  return first_free == lab_numbers ? 0 : first_free;
}

}  // namespace assay
