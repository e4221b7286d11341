#include "reports/page.h"

#include "base/assert.h"
#include "reports/escape.h"

namespace assay {
namespace {

unsigned hex_digit(char c) {
  const bool digit = c >= '0' && c <= '9';
  ASSAY_ASSERT(digit || (c >= 'a' && c <= 'f'));
  return static_cast<unsigned>(digit ? c - '0' : c - 'a' + 10);
}

}  // namespace

std::string script_source(std::string_view sha256_hex) {
  ASSAY_ASSERT(sha256_hex.size() == 64);
  std::string bytes;
  for (std::size_t i = 0; i < sha256_hex.size(); i += 2) {
    bytes += static_cast<char>(hex_digit(sha256_hex[i]) * 16 + hex_digit(sha256_hex[i + 1]));
  }
  return "sha256-" + base64(bytes);
}

std::string fill_template(std::string_view text, const std::map<std::string, std::string>& slots) {
  std::string out;
  while (true) {
    const std::size_t open = text.find("{{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = text.find("}}", open);
    ASSAY_ASSERT(close != std::string_view::npos);
    const auto slot = slots.find(std::string(text.substr(open + 2, close - open - 2)));
    ASSAY_ASSERT(slot != slots.end());
    out += slot->second;
    text.remove_prefix(close + 2);
  }
}

}  // namespace assay
