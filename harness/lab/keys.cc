#include "harness/lab/keys.h"

#include <fmt/format.h>
#include <libssh/libssh.h>

#include <memory>

namespace assay {

Result<std::string> make_key(const std::filesystem::path& private_file) {
  ssh_key raw = nullptr;
  if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &raw) != SSH_OK) {
    return Error{ErrorKind::internal, "libssh could not make an ed25519 key"};
  }
  const auto free_key = [](ssh_key key) { ssh_key_free(key); };
  const std::unique_ptr<ssh_key_struct, decltype(free_key)> key(raw, free_key);
  char* text = nullptr;
  if (ssh_pki_export_privkey_file(raw, nullptr, nullptr, nullptr, private_file.c_str()) != SSH_OK) {
    return Error{ErrorKind::cannot_write,
                 fmt::format("cannot write key {}", private_file.string())};
  }
  std::error_code failed;
  using std::filesystem::perms;
  std::filesystem::permissions(private_file, perms::owner_read | perms::owner_write, failed);
  if (failed) {
    return Error{ErrorKind::cannot_write,
                 fmt::format("cannot restrict {}: {}", private_file.string(), failed.message())};
  }
  if (ssh_pki_export_pubkey_base64(raw, &text) != SSH_OK) {
    return Error{ErrorKind::internal, "libssh could not export a public key"};
  }
  std::string line = fmt::format("ssh-ed25519 {}", text);
  ssh_string_free_char(text);
  return line;
}

}  // namespace assay
