#pragma once
// A small well-formedness check for XML and for the SVG inside a page.

#include <string>
#include <string_view>
#include <vector>

namespace assay::example {

/// Empty if every element is closed in order, every attribute quoted, every & an entity and no
/// forbidden character is there; else what is wrong.
std::string malformed(std::string_view xml);

/// Every <svg …>…</svg> of a page.
std::vector<std::string> pictures_of(const std::string& html);

std::size_t count_of(std::string_view text, std::string_view part);

}  // namespace assay::example
