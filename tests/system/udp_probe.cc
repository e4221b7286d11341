// udp_probe PORT SELF HOST…: tells which nodes' packets arrive. Runs on a node and listens on PORT.
// A line "send" sends its name to all hosts; "heard" prints the names that arrived so far; "forget"
// empties the list.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

namespace {

sockaddr_in address(const char* host, const char* port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  inet_pton(AF_INET, host, &to.sin_addr);
  return to;
}

void receive(int file, std::set<std::string>& heard) {
  char name[64];
  for (;;) {
    const ssize_t n = recv(file, name, sizeof name, MSG_DONTWAIT);
    if (n <= 0) return;
    heard.insert(std::string(name, static_cast<std::size_t>(n)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  const int file = socket(AF_INET, SOCK_DGRAM, 0);
  const sockaddr_in any = address("0.0.0.0", argv[1]);
  if (bind(file, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return 69;
  std::set<std::string> heard;
  char line[64];
  std::puts("ready");
  std::fflush(stdout);
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    receive(file, heard);
    if (std::strcmp(line, "forget\n") == 0) heard.clear();
    if (std::strcmp(line, "send\n") == 0) {
      for (int i = 3; i < argc; ++i) {
        const sockaddr_in to = address(argv[i], argv[1]);
        sendto(file, argv[2], std::strlen(argv[2]), 0, reinterpret_cast<const sockaddr*>(&to),
               sizeof to);
      }
    }
    if (std::strcmp(line, "heard\n") == 0) {
      for (const std::string& name : heard) std::printf("%s ", name.c_str());
    }
    std::puts("");
    std::fflush(stdout);
  }
  return 0;
}
