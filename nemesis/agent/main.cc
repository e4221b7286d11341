// assay-agent: the part of the nemesis that runs on a node. Started by the controller over SSH; it
// owns healing, so that a fault never outlives whoever asked for it. Statically linked: it runs on
// any Linux of the same processor.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "nemesis/agent/capture.h"
#include "nemesis/agent/guardian.h"
#include "nemesis/agent/vdso.h"

namespace {

using assay::ErrorKind;

constexpr const char* usage_text =
    "usage: assay-agent serve [--lease 5s] [--folder /run/assay]\n"
    "       assay-agent skew PID OFFSET [--drift 0.5] [--strobe 10ms]\n"
    "                                       skews one process's wall clock: 90s, -250ms, 0s heals\n"
    "       assay-agent capture FILE        writes the node's packets until its input ends\n"
    "assay starts them on each node; see docs/faults.md\n";

int usage() {
  std::fputs(usage_text, stderr);
  return static_cast<int>(ErrorKind::usage);
}

int report(const assay::Error& error) {
  std::fprintf(stderr, "assay-agent: %s\n", error.message.c_str());
  return error.exit_code();
}

int serve(const std::vector<std::string>& words) {
  assay::agent::ServeOptions options;
  if (words.size() % 2 != 0) return usage();
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (words[i] == "--folder" && words[i + 1].starts_with('/')) {
      options.folder = words[i + 1];
    } else if (words[i] == "--lease") {
      const auto lease = assay::parse_duration(words[i + 1]);
      if (!lease) return report(lease.error());
      if (*lease <= assay::Nanos::zero()) return usage();
      options.lease = *lease;
    } else {
      return usage();
    }
  }
  return assay::agent::guard(options);
}

int skew(const std::vector<std::string>& words) {
  if (words.size() < 2 || words.size() % 2 != 0) return usage();
  const bool negative = words[1].starts_with('-');
  const auto offset = assay::parse_duration(std::string_view(words[1]).substr(negative ? 1 : 0));
  if (!offset) return report(offset.error());
  assay::agent::ClockSkew skew;
  skew.offset = negative ? -*offset : *offset;
  for (std::size_t i = 2; i < words.size(); i += 2) {
    if (words[i] == "--drift") {
      skew.drift = std::strtod(words[i + 1].c_str(), nullptr);
    } else if (words[i] == "--strobe") {
      const auto strobe = assay::parse_duration(words[i + 1]);
      if (!strobe) return report(strobe.error());
      skew.strobe = *strobe;
    } else {
      return usage();
    }
  }
  const long pid = std::strtol(words[0].c_str(), nullptr, 10);
  if (pid <= 1) return usage();
  const auto done = assay::agent::set_clock(static_cast<pid_t>(pid), skew);
  return done.ok() ? 0 : report(done.error());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) return usage();
  const std::string verb = words.front();
  words.erase(words.begin());
  if (verb == "serve") return serve(words);
  if (verb == "skew") return skew(words);
  if (verb == "capture" && words.size() == 1) return assay::agent::run_capture({words[0]});
  return usage();
}
