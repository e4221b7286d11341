#include "nemesis/agent_session.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/executable.h"
#include "nemesis/agent/wire.h"

namespace assay {
namespace {

constexpr Nanos start_timeout = std::chrono::seconds(20);

Nanos ping_interval(const AgentOptions& options) { return options.lease / 4; }

std::string local_program(const AgentOptions& options) {
  return options.local_program.empty() ? program_folder() + "/assay-agent" : options.local_program;
}

}  // namespace

Status install_agent(Node& node, const AgentOptions& options) {
  const std::string local = local_program(options);
  struct stat info {};
  if (::stat(local.c_str(), &info) != 0) {
    return Error{ErrorKind::no_input, local + ": " + std::strerror(errno) +
                                          "; it is built with assay and must lie beside it"};
  }
  const std::string folder = options.remote_program.substr(0, options.remote_program.rfind('/'));
  // A running program cannot be written over, but it can be replaced by a rename.
  const std::string fresh = options.remote_program + ".new";
  const auto made = node.must_run("mkdir -p " + shell_quote(folder));
  if (!made) return made.error();
  if (Status sent = node.upload(local, fresh, 0755); !sent.ok()) return sent;
  const auto moved =
      node.must_run("mv -f " + shell_quote(fresh) + " " + shell_quote(options.remote_program));
  if (!moved) return moved.error();
  return {};
}

Result<std::unique_ptr<AgentSession>> AgentSession::open(Node& node, const AgentOptions& options) {
  if (Status installed = install_agent(node, options); !installed.ok()) {
    return installed.error().in(node.name() + ": cannot install the agent");
  }
  std::unique_ptr<AgentSession> session(new AgentSession(node, options));
  if (Status started = session->start(); !started.ok()) return started.error();
  session->keeper_ = std::thread([raw = session.get()] { raw->keep_lease(); });
  return session;
}

AgentSession::~AgentSession() {
  {
    const std::lock_guard<std::mutex> exclusive(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (keeper_.joinable()) keeper_.join();
}

Status AgentSession::start() {
  const std::string command = "exec " + shell_quote(options_.remote_program) + " serve --lease " +
                              std::to_string(options_.lease.count()) + "ns --folder " +
                              shell_quote(options_.folder);
  auto process = node_.start(command);
  if (!process) return process.error().in(node_.name() + ": cannot start the agent");
  const auto greeting = (*process)->read_line(start_timeout);
  if (!greeting) return greeting.error().in(node_.name() + ": the agent does not answer");
  const agent::Words words = agent::decode_line(*greeting);
  if (words.size() < 2 || words[0] != "hello" || words[1] != agent::protocol_version) {
    return Error{ErrorKind::unavailable,
                 node_.name() + ": expected the agent's greeting, got \"" + *greeting + "\""};
  }
  process_ = std::move(*process);
  return carry_out_standing();
}

Status AgentSession::carry_out_standing() {
  for (const auto& words : standing_) {
    if (const auto done = exchange(words, start_timeout); !done) return done.error();
  }
  return {};
}

Status AgentSession::stand(std::vector<std::vector<std::string>> requests) {
  const std::unique_lock<std::timed_mutex> exclusive(exchange_mutex_);
  standing_ = std::move(requests);
  return process_ == nullptr ? start() : carry_out_standing();
}

void AgentSession::lose(const std::string& why) {
  process_.reset();
  const std::lock_guard<std::mutex> exclusive(mutex_);
  notice_ = node_.name() + " lost its agent, which heals the node (" + why + ")";
}

std::string AgentSession::take_notice() {
  const std::lock_guard<std::mutex> exclusive(mutex_);
  return std::exchange(notice_, {});
}

Result<std::string> AgentSession::request(const std::vector<std::string>& words, Nanos timeout) {
  const Nanos deadline = monotonic_now() + timeout;
  const std::unique_lock<std::timed_mutex> exclusive(exchange_mutex_, timeout);
  if (!exclusive.owns_lock()) {
    return Error{ErrorKind::unavailable,
                 node_.name() + ": no connection to its agent within " + format_duration(timeout)};
  }
  if (process_ == nullptr) {
    if (const Status started = start(); !started.ok()) return started.error();
  }
  return exchange(words, deadline - monotonic_now());
}

Result<std::string> AgentSession::exchange(const std::vector<std::string>& words, Nanos timeout) {
  const std::string id = std::to_string(++last_id_);
  agent::Words line{id};
  line.insert(line.end(), words.begin(), words.end());
  Status written = process_->write_line(agent::encode_line(line));
  const Nanos deadline = monotonic_now() + timeout;
  while (written.ok()) {
    const Nanos now = monotonic_now();
    if (now >= deadline) {
      lose("no answer within " + format_duration(timeout));
      return Error{ErrorKind::unavailable,
                   node_.name() + ": its agent did not answer within " + format_duration(timeout)};
    }
    const Nanos slice = std::min(deadline - now, ping_interval(options_));
    const auto answer = process_->read_line(slice);
    if (!answer) {
      // Silence or the end of the agent; only a write tells them apart, and it keeps the lease.
      if (monotonic_now() - now < slice / 2) written = answer.error();
      if (written.ok()) written = process_->write_line("0 ping");
      continue;
    }
    const agent::Words got = agent::decode_line(*answer);
    if (got.size() < 2 || got[0] != id) continue;
    const std::string text = got.size() > 2 ? got[2] : "";
    if (got[1] == "ok") return text;
    return Error{ErrorKind::unavailable, node_.name() + ": " + text};
  }
  lose(written.error().message);
  return written.error().in(node_.name() + ": its agent is gone");
}

void AgentSession::keep_lease() {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (wake_.wait_for(lock, ping_interval(options_), [&] { return ending_; })) return;
    }
    // A request under way pings on its own.
    const std::unique_lock<std::timed_mutex> exclusive(exchange_mutex_, std::try_to_lock);
    if (!exclusive.owns_lock()) continue;
    if (process_ == nullptr) {
      // Tried again at the next tick; whoever needs the agent sees the error.
      static_cast<void>(start().ok());
    } else {
      static_cast<void>(exchange({"ping"}, options_.lease).ok());
    }
  }
}

}  // namespace assay
