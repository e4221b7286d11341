#include "tests/reports/markup.h"

#include <cctype>

namespace assay::example {
namespace {

bool text_ok(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '<' || (c < 0x20 && c != '\n')) return false;
    if (c != '&') continue;
    const std::string_view rest = text.substr(i, 6);
    bool entity = false;
    for (const char* name : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}) {
      entity = entity || rest.substr(0, std::string_view(name).size()) == name;
    }
    if (!entity) return false;
  }
  return true;
}

/// `name="value"` any number of times.
bool attributes_ok(std::string_view text) {
  while (true) {
    while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
    if (text.empty()) return true;
    const std::size_t equals = text.find("=\"");
    if (equals == std::string_view::npos || equals == 0) return false;
    for (const char c : text.substr(0, equals)) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') return false;
    }
    const std::size_t quote = text.find('"', equals + 2);
    if (quote == std::string_view::npos) return false;
    if (!text_ok(text.substr(equals + 2, quote - equals - 2))) return false;
    text.remove_prefix(quote + 1);
  }
}

}  // namespace

std::string malformed(std::string_view xml) {
  if (xml.substr(0, 5) == "<?xml") xml.remove_prefix(xml.find("?>") + 2);
  std::vector<std::string> open;
  while (!xml.empty()) {
    const std::size_t tag = xml.find('<');
    if (!text_ok(xml.substr(0, tag))) return "text: " + std::string(xml.substr(0, tag));
    if (tag == std::string_view::npos) break;
    const std::size_t end = xml.find('>', tag);
    if (end == std::string_view::npos) return "an element is not closed";
    std::string_view body = xml.substr(tag + 1, end - tag - 1);
    xml.remove_prefix(end + 1);
    if (!body.empty() && body[0] == '/') {
      if (open.empty() || open.back() != body.substr(1)) return "closes " + std::string(body);
      open.pop_back();
      continue;
    }
    const bool empty = !body.empty() && body.back() == '/';
    if (empty) body.remove_suffix(1);
    const std::size_t name_end = body.find(' ');
    const std::string name(body.substr(0, name_end));
    if (name_end != std::string_view::npos && !attributes_ok(body.substr(name_end))) {
      return "attributes: " + std::string(body);
    }
    if (!empty) open.push_back(name);
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

std::vector<std::string> pictures_of(const std::string& html) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while ((at = html.find("<svg ", at)) != std::string::npos) {
    const std::size_t end = html.find("</svg>", at);
    if (end == std::string::npos) break;
    out.push_back(html.substr(at, end + 6 - at));
    at = end;
  }
  return out;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

}  // namespace assay::example
