#pragma once
// What a node does between clone and sshd. It runs in a copy of a program that may have had
// threads, so it allocates nothing and takes no lock: system calls only, on paths made before.

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/lab/site.h"

namespace assay {

/// A mount inside the node's root.
struct NodeMount {
  enum class Kind { filesystem, folder, bind_file, bind_read_only, symlink };
  Kind kind = Kind::filesystem;
  std::string source;
  std::string target;  ///< full path, before the root is changed
  std::string type;
  unsigned long flags = 0;
  std::string options;
};

struct NodeInit {
  std::string name;
  std::string address;  ///< dotted
  std::string root;     ///< where the overlay is mounted
  std::vector<NodeMount> mounts;
  std::vector<std::string> command;  ///< sshd and its arguments
  std::vector<std::string> environment;
};

/// Sent to the parent instead of an exec.
struct NodeInitFailure {
  int reason = 0;  ///< errno
  std::array<char, 96> step{};
};

/// Of an overlay whose upper and work folders are in `folder`; `lower`: folders, highest first.
std::string overlay_options(const std::string& lower, const std::filesystem::path& folder);

NodeInit make_node_init(const LabSite& site, int node);

/// Never returns: becomes sshd, or writes a NodeInitFailure to `report` and exits.
[[noreturn]] void run_node_init(const NodeInit& init, int go, int report, int log);

}  // namespace assay
