#pragma once
// The matrix of a campaign file: experiments by combination.
//
//   [matrix]
//   workload = ["register", "list-append"]     an axis named like a key: its values
//   [[matrix.faults]]                          or tables of any keys, each with a name
//   name = "split"
//   nemesis = ["partition"]
//
// and `exclude = [{ workload = "register", faults = "split" }]`, by the names of the values.

#include <toml++/toml.h>

#include <vector>

#include "cli/campaign_file.h"

namespace assay::cli {

/// Throws Wrong (toml_table.h). Every experiment begins as `defaults` and is named by its values.
std::vector<Experiment> expand_matrix(const toml::table& matrix, const Experiment& defaults);

/// Puts what a table says over the experiment. Throws Wrong.
void read_experiment(const toml::table& node, Experiment& experiment);

}  // namespace assay::cli
