#pragma once
// The pages that web/ builds, as they are built into the program: templates with slots {{name}}.

#include <map>
#include <string>
#include <string_view>

namespace assay {

std::string_view report_template();  ///< the report of a run
std::string_view plain_template();   ///< slots title and body, the same looks, no script
std::string_view serve_template();   ///< the page of `assay serve`, without slots

/// Replaces every {{name}} by its text, in one pass: what is filled in is not looked at again, so
/// untrusted text cannot name a slot. REQUIRES: every slot of the template has a text.
std::string fill_template(std::string_view text, const std::map<std::string, std::string>& slots);

}  // namespace assay
