#pragma once
// The parts of the page that are the same in every report, built into the program from web/.

#include <map>
#include <string>
#include <string_view>

namespace assay {

std::string_view page_template();  ///< page.html, with slots {{name}}
std::string_view page_style();
std::string_view page_script();
/// SHA-256 of page_script(), hexadecimal: the page's policy allows this script and no other.
std::string_view page_script_sha256();

/// The policy source of a script: "sha256-" and the base64 of the hexadecimal digest.
std::string script_source(std::string_view sha256_hex);

/// Replaces every {{name}} by its text, in one pass: what is filled in is not looked at again, so
/// untrusted text cannot name a slot. REQUIRES: every slot of the template has a text.
std::string fill_template(std::string_view text, const std::map<std::string, std::string>& slots);

}  // namespace assay
