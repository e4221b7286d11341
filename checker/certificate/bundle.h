#pragma once
// Bundle: the certificates of several models of one history in one document.

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "checker/certificate/certificate.h"

namespace assay {

/// The certificate itself if there is one; else
/// {"schema":"assay.certificates/1","certificates":[…]}.
std::string bundle_to_json(std::span<const Certificate> certificates);
/// Reads both forms; at least one certificate. Error (bad_data) names what is wrong.
Result<std::vector<Certificate>> bundle_from_json(const std::string& text);

}  // namespace assay
