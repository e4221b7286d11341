#include "reports/page.h"

#include "base/assert.h"

namespace assay {
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
