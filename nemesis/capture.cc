#include "nemesis/capture.h"

#include <utility>

namespace assay {
namespace {

constexpr const char* remote_path = "/var/tmp/assay-packets.pcap";
constexpr Nanos patience = std::chrono::seconds(20);

}  // namespace

Result<Captures> Captures::start(Nodes& nodes, const AgentOptions& options) {
  Captures captures(nodes);
  for (const auto& node : nodes) {
    if (Status installed = install_agent(*node, options); !installed.ok()) {
      return installed.error().in(node->name() + ": cannot install the agent");
    }
    auto process =
        node->start("exec " + shell_quote(options.remote_program) + " capture " + remote_path);
    if (!process) return process.error();
    const auto begun = (*process)->read_line(patience);
    if (!begun) return begun.error().in("capturing packets");
    captures.processes_.push_back(std::move(*process));
  }
  return captures;
}

Result<std::string> Captures::collect(std::size_t node, const std::string& path) {
  RemoteProcess& process = *processes_.at(node);
  Node& where = *nodes_->at(node);
  const Status asked = process.write_line("end");
  auto words = asked.ok() ? process.read_line(patience) : Result<std::string>(asked.error());
  // Its words are its last: no other line comes, but the error that says that it has ended.
  if (words.ok()) (void)process.read_line(patience);
  // With a node that was switched off the recording ended; what it had written is there.
  if (!words) words = "ended early (" + words.error().message + ")";
  if (Status got = where.download(remote_path, path); !got.ok()) return got.error();
  const auto removed = where.must_run(std::string("rm -f ") + remote_path);
  if (!removed) return removed.error();
  return words;
}

}  // namespace assay
