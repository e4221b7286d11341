#pragma once
// LabSite: where a lab lives on this machine, and the names that follow from it. Up to ten labs
// can be up at once, told apart by their number; those of one
// suite share the base root.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

constexpr int lab_nodes_max = 9;
inline constexpr const char* default_suite = "bookworm";
constexpr int lab_numbers = 10;

/// A value; all members are pure. Nodes are counted from 1, as their names are.
struct LabSite {
  std::filesystem::path state = "/var/lib/assay";
  int number = 0;                     ///< 0..9
  std::string suite = default_suite;  ///< of Debian, from which the nodes' packages are
  std::vector<std::string>
      packages;  ///< Debian packages in every node beside those of the base root

  std::filesystem::path base() const { return state / "base" / suite; }
  /// The layer over the base root that holds the packages.
  std::filesystem::path layer() const {
    std::string name = base().string();
    for (const std::string& package : packages) name += "+" + package;
    return name;
  }
  std::filesystem::path folder() const { return state / ("lab" + std::to_string(number)); }
  std::filesystem::path lock_file() const { return folder().string() + ".lock"; }
  std::filesystem::path state_file() const { return folder() / "state.json"; }
  std::filesystem::path identity_file() const { return folder() / "id_ed25519"; }
  std::filesystem::path known_hosts_file() const { return folder() / "known_hosts"; }
  std::filesystem::path node_folder(int node) const { return folder() / "nodes" / node_name(node); }
  std::filesystem::path node_log(int node) const {
    return folder() / "logs" / (node_name(node) + ".log");
  }

  std::string bridge() const { return "assay" + std::to_string(number); }
  std::string link(int node) const { return bridge() + "-" + node_name(node); }
  std::string controller_host() const { return subnet() + "254"; }
  std::string node_host(int node) const { return subnet() + std::to_string(node); }
  static std::string node_name(int node) { return "n" + std::to_string(node); }

 private:
  std::string subnet() const { return "10.77." + std::to_string(number) + "."; }
};

/// From ASSAY_LAB (the state folder; without it /var/lib/assay for root, and ~/.local/share/assay
/// for anybody else) and ASSAY_LAB_NUMBER; without a number that of choose_number,
/// by who has which bridge on this machine. Error: configuration.
Result<LabSite> lab_site();

/// The number for a lab in this state folder: that of the lab which is there, else the first whose
/// bridge nobody has, else 0. `owner_of` gives the lab's folder that has the bridge of a site, or
/// an empty text.
int choose_number(const LabSite& site, const std::function<std::string(const LabSite&)>& owner_of);

}  // namespace assay
