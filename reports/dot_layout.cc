// Layout by the program dot: a child process that gets the graph on its standard input, answers in
// the line-oriented "plain" form, and is killed when its time is over.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <locale>
#include <sstream>

#include "reports/graph.h"

extern char** environ;  // NOLINT: POSIX asks programs to declare it

namespace assay {
namespace {

constexpr double points_per_inch = 72;
constexpr std::size_t answer_limit = 1U << 20U;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::optional<pid_t> spawn(const std::string& program, int input_and_output) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return std::nullopt;
  posix_spawn_file_actions_adddup2(&actions, input_and_output, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, input_and_output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string name = program;
  std::string format = "-Tplain";
  std::array<char*, 3> arguments{name.data(), format.data(), nullptr};
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return std::nullopt;
  return child;
}

/// Sends `request`, reads until the other end closes. False if the deadline passes before.
bool converse(int fd, std::string_view request, std::string& answer, Nanos deadline) {
  std::array<char, 8192> buffer{};
  while (true) {
    const Nanos left = deadline - monotonic_now();
    if (left.count() <= 0) return false;
    pollfd waiting{fd, static_cast<short>(request.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
    const int ready = poll(&waiting, 1, static_cast<int>(milliseconds) + 1);
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    if (!request.empty() && (waiting.revents & POLLOUT) != 0) {
      const ssize_t sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (sent > 0) request.remove_prefix(static_cast<std::size_t>(sent));
      if (request.empty()) shutdown(fd, SHUT_WR);
    }
    if ((waiting.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      const ssize_t got = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got == 0) return true;
      if (got < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (got > 0) answer.append(buffer.data(), static_cast<std::size_t>(got));
      if (answer.size() > answer_limit) return false;
    }
  }
}

/// The program's answer, or nullopt if it failed or had to be killed.
std::optional<std::string> run(const std::string& program, const std::string& request,
                               Nanos limit) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  const auto child = spawn(program, theirs.get());
  theirs.close();
  if (!child) return std::nullopt;
  std::string answer;
  const bool complete = converse(ours.get(), request, answer, monotonic_now() + limit);
  if (!complete) kill(*child, SIGKILL);
  int status = 0;
  while (waitpid(*child, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  if (!complete || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return answer;
}

/// `nN` or `xx`: the number after the letter, or nullopt if it names no node of the graph.
std::optional<std::size_t> node_number(const std::string& name, std::size_t count) {
  if (name.size() < 2 || name.size() > 6 || name[0] != 'n') return std::nullopt;
  std::size_t number = 0;
  for (const char digit : name.substr(1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<std::size_t>(digit - '0');
  }
  if (number >= count) return std::nullopt;
  return number;
}

class PlainReader {
 public:
  PlainReader(const Graph& graph, const std::string& text) : graph_(graph), lines_(text) {
    layout_.nodes.resize(graph.nodes.size());
    layout_.curves.resize(graph.edges.size());
    layout_.labels.resize(graph.edges.size());
  }

  std::optional<GraphLayout> read() {
    std::string line;
    std::size_t nodes = 0;
    std::size_t edges = 0;
    while (std::getline(lines_, line)) {
      std::istringstream words(line);
      words.imbue(std::locale::classic());
      std::string kind;
      words >> kind;
      if (kind == "graph") {
        double scale = 1;
        if (!(words >> scale >> layout_.width >> layout_.height)) return std::nullopt;
        layout_.width *= points_per_inch;
        layout_.height *= points_per_inch;
      } else if (kind == "node") {
        if (!read_node(words)) return std::nullopt;
        ++nodes;
      } else if (kind == "edge") {
        if (!read_edge(words)) return std::nullopt;
        ++edges;
      }
    }
    if (nodes != graph_.nodes.size() || edges != graph_.edges.size()) return std::nullopt;
    return layout_;
  }

 private:
  bool read_point(std::istream& words, Point& point) const {
    if (!(words >> point.x >> point.y)) return false;
    point = {point.x * points_per_inch, layout_.height - point.y * points_per_inch};
    return true;
  }

  bool read_node(std::istream& words) {
    std::string name;
    words >> name;
    const auto number = node_number(name, graph_.nodes.size());
    return number && read_point(words, layout_.nodes[*number]);
  }

  /// dot lists edges by their tails, so each is matched with the first edge still free.
  bool read_edge(std::istream& words) {
    std::string tail;
    std::string head;
    std::size_t count = 0;
    words >> tail >> head >> count;
    const auto from = node_number(tail, graph_.nodes.size());
    const auto to = node_number(head, graph_.nodes.size());
    if (!words || !from || !to || count < 4 || count > 1000 || count % 3 != 1) return false;
    std::vector<Point> curve(count);
    for (Point& point : curve) {
      if (!read_point(words, point)) return false;
    }
    std::string label;
    words >> label;
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      const GraphEdge& edge = graph_.edges[i];
      const bool fits = edge.from == *from && edge.to == *to && layout_.curves[i].empty() &&
                        label.size() == std::max<std::size_t>(1, label_length(edge));
      if (!fits) continue;
      if (!read_point(words, layout_.labels[i])) return false;
      layout_.curves[i] = std::move(curve);
      return true;
    }
    return false;
  }

  static std::size_t label_length(const GraphEdge& edge) {
    return static_cast<std::size_t>(std::count_if(edge.label.begin(), edge.label.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
  }

  const Graph& graph_;
  std::istringstream lines_;
  GraphLayout layout_;
};

}  // namespace

std::optional<GraphLayout> lay_out_with_dot(const Graph& graph, const std::string& program,
                                            Nanos limit) {
  const auto answer = run(program, to_dot(graph), limit);
  if (!answer) return std::nullopt;
  return PlainReader(graph, *answer).read();
}

}  // namespace assay
