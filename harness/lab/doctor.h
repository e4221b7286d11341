#pragma once
// Doctor: can this machine carry a lab, and which faults will work in it? It tries each thing for
// real, in namespaces that end with the trial, instead of reading versions.

#include <string>
#include <vector>

#include "harness/lab/site.h"

namespace assay {

struct DoctorCheck {
  std::string name;  ///< overlayfs
  bool ok = false;
  bool required = true;  ///< false: something works less well without it, `found` says what
  std::string found;     ///< what was seen
  std::string fix;       ///< what to do; empty if ok
};

/// Under a second. Leaves nothing behind. Without root, what needs root is reported as not ok.
std::vector<DoctorCheck> run_doctor(const LabSite& site);

}  // namespace assay
