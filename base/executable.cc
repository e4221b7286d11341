#include "base/executable.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace assay {

std::string program_folder() {
  if (const char* folder = std::getenv("ASSAY_PROGRAMS"); folder != nullptr) return folder;
  std::error_code failure;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? "." : self.parent_path().string();
}

}  // namespace assay
