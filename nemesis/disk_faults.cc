// Disks: transfers fail, are slow or come back changed, there is no space, or what was not synced
// is lost as the server is killed. The agent mounts a layer of ours over the target's data folder
// for the whole run; these faults tell it what to do wrong. Two more need no layer: a file loses
// its end, or the whole folder comes back as it was.

#include <fmt/format.h>

#include "nemesis/fault.h"
#include "nemesis/parameters.h"
#include "nemesis/selector.h"

namespace assay {
namespace {

/// A plan that gives every selected node the words made for it.
template <class WordsFor>
Result<Injection> plan_each(const Value& parameters, const Cluster& cluster,
                            const std::string& what, const WordsFor& words_for) {
  const ProcessControl* control = cluster.target.process_control();
  if (control == nullptr) {
    return Error{ErrorKind::configuration, what + ": this target has no process control"};
  }
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in(what);
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) injection.words[at] = words_for(*control, at);
  injection.what = what + " on " + names_of(*nodes, cluster);
  return injection;
}

Result<Injection> plan_loss(const Value& parameters, const Cluster& cluster, const char* mode,
                            const char* what) {
  return plan_each(parameters, cluster, what, [&](const ProcessControl& control, std::size_t at) {
    return Words{"disk-lose", control.data_folder(at), mode, control.kill_command(at),
                 control.start_command(at)};
  });
}

Result<Injection> plan_lose(const Value& parameters, const Cluster& cluster) {
  return plan_loss(parameters, cluster, "all", "kill, and loss of what was not synced,");
}
Result<Injection> plan_torn(const Value& parameters, const Cluster& cluster) {
  return plan_loss(parameters, cluster, "torn", "kill, and torn writes,");
}

Result<Injection> plan_setting(const Value& parameters, const Cluster& cluster,
                               const std::string& setting, const std::string& what) {
  return plan_each(parameters, cluster, what, [&](const ProcessControl& control, std::size_t at) {
    return Words{"disk", control.data_folder(at), setting};
  });
}

Value draw_percent(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  add_parameter(selection, "percent", random.between(1, 20));
  return selection;
}

Result<Injection> plan_error(const Value& parameters, const Cluster& cluster) {
  const auto percent = number_of(parameters, "percent", 1, 100);
  if (!percent) return percent.error().in("disk-error");
  return plan_setting(parameters, cluster, fmt::format("eio={}", *percent),
                      fmt::format("{} % of the transfers fail", *percent));
}

Result<Injection> plan_flip(const Value& parameters, const Cluster& cluster) {
  const auto percent = number_of(parameters, "percent", 1, 100);
  if (!percent) return percent.error().in("disk-flip");
  return plan_setting(parameters, cluster, fmt::format("flip={}", *percent),
                      fmt::format("{} % of the reads with a bit flipped", *percent));
}

Result<Injection> plan_full(const Value& parameters, const Cluster& cluster) {
  return plan_setting(parameters, cluster, "full=1", "disk full");
}

Value draw_slow(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  add_parameter(selection, "slow_ms", random.between(5, 200));
  return selection;
}

Result<Injection> plan_slow(const Value& parameters, const Cluster& cluster) {
  const auto slow = number_of(parameters, "slow_ms", 1, 5'000);
  if (!slow) return slow.error().in("disk-slow");
  return plan_setting(parameters, cluster, fmt::format("slow={}ms", *slow),
                      fmt::format("each transfer takes {} ms longer", *slow));
}

Value draw_truncate(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  add_parameter(selection, "bytes", random.between(1, 4096));
  return selection;
}

Result<Injection> plan_truncate(const Value& parameters, const Cluster& cluster) {
  const auto bytes = number_of(parameters, "bytes", 1, std::int64_t{1} << 40);
  if (!bytes) return bytes.error().in("disk-truncate");
  return plan_each(parameters, cluster,
                   fmt::format("kill, and the last file without its last {} bytes,", *bytes),
                   [&](const ProcessControl& control, std::size_t at) {
                     return Words{"disk-truncate", control.data_folder(at), std::to_string(*bytes),
                                  control.kill_command(at), control.start_command(at)};
                   });
}

Result<Injection> plan_restore(const Value& parameters, const Cluster& cluster) {
  return plan_each(parameters, cluster, "copy of the data folder, to come back with it later,",
                   [](const ProcessControl& control, std::size_t at) {
                     return Words{"disk-restore", control.data_folder(at), control.kill_command(at),
                                  control.start_command(at)};
                   });
}

}  // namespace

FaultEntry disk_lose_fault() {
  return {"disk-lose", "kills servers and loses what they wrote and did not sync",
          FaultNeeds::disk_layer, draw_selection, plan_lose};
}
FaultEntry disk_torn_fault() {
  return {"disk-torn", "kills servers and keeps half of the sectors that they did not sync",
          FaultNeeds::disk_layer, draw_selection, plan_torn};
}
FaultEntry disk_error_fault() {
  return {"disk-error", "1 to 20 % of a server's reads, writes and syncs fail with EIO",
          FaultNeeds::disk_layer, draw_percent, plan_error};
}
FaultEntry disk_full_fault() {
  return {"disk-full", "a server finds no space to write (ENOSPC)", FaultNeeds::disk_layer,
          draw_selection, plan_full};
}
FaultEntry disk_slow_fault() {
  return {"disk-slow", "a server's reads, writes and syncs take 5 to 200 ms longer",
          FaultNeeds::disk_layer, draw_slow, plan_slow};
}
FaultEntry disk_flip_fault() {
  return {"disk-flip", "1 to 20 % of a server's reads have a bit flipped; the disk has not",
          FaultNeeds::disk_layer, draw_percent, plan_flip};
}

FaultEntry disk_truncate_fault() {
  return {"disk-truncate", "kills servers and cuts up to 4 KiB off the file they wrote last",
          FaultNeeds::data_folder, draw_truncate, plan_truncate};
}
FaultEntry disk_restore_fault() {
  return {"disk-restore", "servers come back with the data folder of a while ago",
          FaultNeeds::data_folder, draw_selection, plan_restore};
}

}  // namespace assay
