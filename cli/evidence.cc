#include "cli/evidence.h"

#include <openssl/evp.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <system_error>

#include "harness/run_store.h"

namespace assay::cli {

Result<std::string> sha256_of(const std::string& path) {
  const Error unreadable{ErrorKind::no_input, "cannot read '" + path + "'"};
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
  bool ok = hash != nullptr && EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1;
  std::array<char, 64 * 1024> bytes{};
  while (ok && file) {
    file.read(bytes.data(), bytes.size());
    ok = EVP_DigestUpdate(hash.get(), bytes.data(), static_cast<std::size_t>(file.gcount())) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (!ok || file.bad() || EVP_DigestFinal_ex(hash.get(), digest.data(), &length) != 1) {
    return unreadable;
  }
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += digits[digest[i] >> 4U];
    text += digits[digest[i] & 15U];
  }
  return text;
}

Status write_hashes(const std::string& folder) {
  namespace fs = std::filesystem;
  const fs::path root(folder);
  std::set<std::string> names;  // sorted, so that the list depends on nothing else
  std::error_code failure;
  for (fs::recursive_directory_iterator at(root, failure), end; !failure && at != end;
       at.increment(failure)) {
    const std::string name = at->path().lexically_relative(root).string();
    if (at->is_regular_file() && name != hashes_file) names.insert(name);
  }
  if (failure) {
    return Error{ErrorKind::no_input, "cannot list '" + folder + "': " + failure.message()};
  }
  std::string list;
  for (const std::string& name : names) {
    auto hash = sha256_of(root / name);
    if (!hash.ok()) return hash.error();
    list += *hash + "  " + name + "\n";
  }
  return write_file(root / hashes_file, list);
}

}  // namespace assay::cli
