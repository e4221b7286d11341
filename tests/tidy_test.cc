// Style is a test: the arrows between rooms, file and line lengths, files no CMakeLists names,
// unfinished work, what protocols may touch. The table of arrows is read from cmake/assay.cmake.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t lines_max = 600;
constexpr std::size_t columns_max = 100;

const fs::path root = ASSAY_SOURCE_DIR;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Code points, not bytes: a → is one column.
std::size_t width(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// Files of the project, relative to the root; folders that hold no source are left out.
std::vector<fs::path> files(const std::set<std::string>& extensions) {
  std::vector<fs::path> found;
  const std::set<std::string> skipped{"build", ".git", "node_modules", "runs"};
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator();
       ++it) {
    if (it->is_directory() && skipped.contains(it->path().filename().string())) {
      it.disable_recursion_pending();
    }
    if (it->is_regular_file() && extensions.contains(it->path().extension().string())) {
      found.push_back(it->path().lexically_relative(root));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// room -> rooms it may include, from lines `set(ARROWS_checker base history)`.
std::map<std::string, std::set<std::string>> arrows() {
  std::map<std::string, std::set<std::string>> table;
  for (const std::string& line : lines_of(read(root / "cmake/assay.cmake"))) {
    const std::string start = "set(ARROWS_";
    if (!line.starts_with(start)) continue;
    std::istringstream words(line.substr(start.size(), line.find(')') - start.size()));
    std::string room;
    words >> room;
    std::set<std::string>& allowed = table[room];
    for (std::string word; words >> word;) {
      if (word != "\"\"") allowed.insert(word);
    }
    allowed.insert(room);
  }
  return table;
}

/// The room a path lies in; empty for tests, bench and what lies outside every room.
std::string room_of(const std::string& path) {
  if (path.starts_with("targets/reference/protocols/")) return "protocols";
  const std::string first = path.substr(0, path.find('/'));
  return first == "tests" || first == "bench" || first == path ? "" : first;
}

/// The path in `#include "path"`, or empty.
std::string included(const std::string& line) {
  const std::string start = "#include \"";
  if (!line.starts_with(start)) return "";
  return line.substr(start.size(), line.rfind('"') - start.size());
}

}  // namespace

TEST_CASE("tidy: every include follows an arrow") {
  const auto table = arrows();
  REQUIRE(table.size() >= 10);
  for (const fs::path& path : files({".h", ".cc"})) {
    const std::string room = room_of(path.string());
    if (room.empty()) continue;
    CAPTURE(path.string());
    REQUIRE(table.contains(room));
    for (const std::string& line : lines_of(read(root / path))) {
      const std::string target = room_of(included(line));
      CAPTURE(line);
      if (!target.empty() && table.contains(target)) CHECK(table.at(room).contains(target));
    }
  }
}

TEST_CASE("tidy: protocols touch no socket, thread, wall clock or real randomness") {
  const std::array<const char*, 12> banned{"boost/asio",     "<thread>",     "<mutex>",
                                           "<sys/socket.h>", "steady_clock", "system_clock",
                                           "<random>",       "random_seed(", "monotonic_now",
                                           "<fstream>",      "<filesystem>", "<unistd.h>"};
  for (const fs::path& path : files({".h", ".cc"})) {
    if (room_of(path.string()) != "protocols") continue;
    const std::string text = read(root / path);
    for (const char* word : banned) {
      CAPTURE(path.string());
      CAPTURE(word);
      CHECK(text.find(word) == std::string::npos);
    }
  }
}

TEST_CASE("tidy: files and lines are short, without tabs, trailing blanks or unfinished work") {
  // Put together here, so that this file does not match itself.
  const std::string unfinished_one = std::string("TO") + "DO";
  const std::string unfinished_two = std::string("FIX") + "ME";
  for (const fs::path& path : files({".h", ".cc"})) {
    CAPTURE(path.string());
    const auto lines = lines_of(read(root / path));
    CHECK(lines.size() <= lines_max);
    for (const std::string& line : lines) {
      CAPTURE(line);
      CHECK(width(line) <= columns_max);
      CHECK(line.find('\t') == std::string::npos);
      CHECK_FALSE(line.ends_with(' '));
      CHECK(line.find(unfinished_one) == std::string::npos);
      CHECK(line.find(unfinished_two) == std::string::npos);
    }
  }
}

TEST_CASE("tidy: every source file is named by a CMakeLists.txt of its folder or one above") {
  for (const fs::path& path : files({".h", ".cc"})) {
    CAPTURE(path.string());
    // A test's own header needs no listing: a header nobody includes is not compiled there either.
    if (path.extension() == ".h" && room_of(path.string()).empty()) continue;
    bool listed = false;
    for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
      const std::string name = path.lexically_relative(folder).string();
      const std::string list = " " + read(root / folder / "CMakeLists.txt");
      for (std::size_t at = list.find(name); at != std::string::npos && !listed;
           at = list.find(name, at + 1)) {
        const auto boundary = [&](std::size_t i) {
          return i >= list.size() || std::string(" \n\t()\"").find(list[i]) != std::string::npos;
        };
        listed = boundary(at - 1) && boundary(at + name.size());
      }
      if (listed || folder.empty()) break;
    }
    CHECK(listed);
  }
}

TEST_CASE("tidy: no two headers define a type of the same full name") {
  // The linker would take one's functions for the other's, and tell nobody.
  std::map<std::string, std::set<std::string>> definitions;
  for (const fs::path& path : files({".h"})) {
    std::string space;
    for (const std::string& line : lines_of(read(root / path))) {
      std::istringstream words(line);
      std::string keyword, name;
      words >> keyword >> name;
      if (line.starts_with("namespace ")) space = name;
      const bool type = line.starts_with("class ") || line.starts_with("struct ");
      if (type && line.ends_with("{") && name.find('<') == std::string::npos) {
        definitions[space + "::" + name].insert(path.string());
      }
    }
  }
  CHECK(definitions.size() > 100);
  for (const auto& [name, headers] : definitions) {
    CAPTURE(name);
    CAPTURE(*headers.begin());
    CAPTURE(*headers.rbegin());
    CHECK(headers.size() == 1);
  }
}

TEST_CASE("tidy: headers are guarded by #pragma once") {
  for (const fs::path& path : files({".h"})) {
    CAPTURE(path.string());
    CHECK(read(root / path).find("#pragma once\n") != std::string::npos);
  }
}

TEST_CASE("tidy: every page of documentation has one title, on its first line") {
  for (const fs::path& path : files({".md"})) {
    CAPTURE(path.string());
    const auto lines = lines_of(read(root / path));
    REQUIRE_FALSE(lines.empty());
    CHECK(lines.front().starts_with("# "));
    bool in_code = false;
    std::size_t titles = 0;
    for (const std::string& line : lines) {
      if (line.starts_with("```")) in_code = !in_code;
      if (!in_code && line.starts_with("# ")) ++titles;
    }
    CHECK(titles == 1);
  }
}

}  // namespace assay
