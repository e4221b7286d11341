// The table itself: what `assay --help` prints, in the order of a user's day.

#include <array>

#include "cli/command.h"

namespace assay::cli {

std::span<const Command> commands() {
  static constexpr std::array<Command, 21> table{{
      {"run", "drive a workload against a cluster while breaking it, then check and report",
       define_run},
      {"audit", "test servers that run already, after a look at them and a yes", define_audit},
      {"matrix", "which anomalies each isolation level of a database allows, by fixed schedules",
       define_matrix},
      {"check", "check recorded histories of any known format", define_check},
      {"sim", "run a protocol of the reference cluster in a deterministic simulated world",
       define_sim},
      {"campaign", "many experiments from a file, and whether each came out as it must",
       define_campaign},
      {"shrink", "the fewest faults, clients and operations that still show the anomaly",
       define_shrink},
      {"replay", "the plan of a run or a simulation once more", define_replay},
      {"verify", "re-check a verdict's certificate with the independent verifier", define_verify},
      {"report", "write the report of a run or a history again", define_report},
      {"gate", "may this build go out? judges stored runs by a policy and a baseline", define_gate},
      {"runs", "the store of runs: ls, show, findings, rm, gc", define_runs},
      {"serve", "a local page over the store of runs: search, filter, compare, watch",
       define_serve},
      {"history", "convert, validate or describe a history", define_history},
      {"lab", "nodes on this machine: up, down, status, exec, logs", define_lab},
      {"doctor", "say what this machine lacks for the lab and the faults, and how to get it",
       define_doctor},
      {"list", "print a vocabulary: targets, workloads, faults, models, …", define_list},
      {"explain", "what a model, an anomaly, a rule of the gate or a measure means",
       define_explain},
      {"completion", "a script that completes subcommands and flags: bash, zsh, fish",
       define_completion},
      {"man", "the manual page", define_man},
      {"version", "print the version", define_version},
  }};
  return table;
}

}  // namespace assay::cli
