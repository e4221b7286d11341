// The lattice as a whole: no circles, no contradictions, and the tables of docs/models.md printed
// from it. ASSAY_WRITE_DOCS=1 writes them anew.

#include "checker/lattice.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace assay {
namespace {

std::vector<std::string> words(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> result;
  for (std::string word; in >> word;) result.push_back(word);
  return result;
}

std::set<std::string_view> refuted(std::string_view anomaly) {
  const auto models = refuted_by(anomaly);
  return {models.begin(), models.end()};
}

bool includes_all(const std::set<std::string_view>& larger,
                  const std::set<std::string_view>& smaller) {
  return std::includes(larger.begin(), larger.end(), smaller.begin(), smaller.end());
}

std::string code_list(std::string_view names) {
  std::string out;
  for (const std::string& name : words(names)) out += (out.empty() ? "`" : ", `") + name + "`";
  return out.empty() ? "–" : out;
}

std::string_view family_name(ModelFamily family) {
  switch (family) {
    case ModelFamily::object:
      return "objects";
    case ModelFamily::session:
      return "sessions";
    case ModelFamily::transaction:
      return "transactions";
    case ModelFamily::log:
      return "logs";
    case ModelFamily::visibility:
      break;
  }
  return "sets";
}

std::string model_rows() {
  std::string out = "| model | about | what it promises | implies |\n|---|---|---|---|\n";
  for (const ModelInfo& model : model_lattice()) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", model.name, family_name(model.family),
                       model.summary, code_list(model.implies));
  }
  return out;
}

std::string anomaly_rows() {
  std::string out =
      "| anomaly | what it shows | the weakest models that forbid it |\n|---|---|---|\n";
  for (const AnomalyInfo& anomaly : anomaly_lattice()) {
    out += fmt::format(
        "| `{}` | {} | {} |\n", anomaly.name, anomaly.summary,
        anomaly.refutes.empty() ? "the one it is reported for" : code_list(anomaly.refutes));
  }
  return out;
}

const std::string docs = std::string(ASSAY_SOURCE_DIR) + "/docs/models.md";

/// The text between the two marks of this name.
std::string* section(std::string& text, const std::string& name, std::string& found) {
  const std::string open = "<!-- " + name + " -->\n";
  const std::size_t begin = text.find(open);
  const std::size_t end = text.find("<!-- end -->", begin);
  if (begin == std::string::npos || end == std::string::npos) return nullptr;
  found = text.substr(begin + open.size(), end - begin - open.size());
  return &found;
}

void check_section(const std::string& name, const std::string& expected) {
  std::ifstream in(docs);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::string found;
  REQUIRE_MESSAGE(section(text, name, found) != nullptr, "no section " << name << " in " << docs);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  if (std::getenv("ASSAY_WRITE_DOCS") != nullptr) {
    text.replace(text.find("<!-- " + name + " -->\n") + name.size() + 10, found.size(), expected);
    std::ofstream(docs) << text;
    return;
  }
  CHECK_MESSAGE(found == expected, "run this test with ASSAY_WRITE_DOCS=1 to write " << docs);
}

}  // namespace

TEST_CASE("lattice: every name is defined, once") {
  std::set<std::string_view> names;
  for (const ModelInfo& model : model_lattice()) {
    CAPTURE(model.name);
    CHECK(names.insert(model.name).second);
    for (const std::string& below : words(model.implies)) CHECK(find_model(below) != nullptr);
  }
  names.clear();
  for (const AnomalyInfo& anomaly : anomaly_lattice()) {
    CAPTURE(anomaly.name);
    CHECK(names.insert(anomaly.name).second);
    for (const std::string& model : words(anomaly.refutes)) CHECK(find_model(model) != nullptr);
  }
}

TEST_CASE("lattice: implication is an order, and the table holds no more than it needs") {
  for (const ModelInfo& a : model_lattice()) {
    CHECK(implies(a.name, a.name));
    for (const ModelInfo& b : model_lattice()) {
      if (a.name == b.name) continue;
      CAPTURE(a.name);
      CAPTURE(b.name);
      CHECK_FALSE((implies(a.name, b.name) && implies(b.name, a.name)));
      for (const ModelInfo& c : model_lattice()) {
        if (implies(a.name, b.name) && implies(b.name, c.name)) CHECK(implies(a.name, c.name));
      }
    }
    const auto below = words(a.implies);
    for (const std::string& one : below) {
      for (const std::string& other : below) {
        if (one == other) continue;
        CHECK_MESSAGE(!implies(one, other), a.name << " implies " << other << " through " << one);
      }
    }
  }
}

TEST_CASE("lattice: what an anomaly refutes, it refutes in everything stronger") {
  for (const AnomalyInfo& anomaly : anomaly_lattice()) {
    CAPTURE(anomaly.name);
    const auto models = refuted(anomaly.name);
    CHECK(models.empty() == anomaly.refutes.empty());
    for (const ModelInfo& model : model_lattice()) {
      for (const std::string_view weaker : models) {
        if (implies(model.name, weaker)) CHECK(models.count(model.name) == 1);
      }
    }
    // Of the models that a row names none implies another: the others would say nothing.
    const auto weakest = words(anomaly.refutes);
    for (const std::string& one : weakest) {
      for (const std::string& other : weakest) CHECK((one == other || !implies(one, other)));
    }
  }
}

TEST_CASE("lattice: a cycle of fewer kinds of edges refutes at least as much") {
  // Each class allows more than the one before.
  constexpr std::array classes{"G0", "G1c", "G-single", "G-nonadjacent", "G2"};
  constexpr std::array items{"G-single-item", "G-nonadjacent-item", "G2-item"};
  constexpr std::array orders{"", "-process", "-realtime"};
  const auto check_chain = [&](const auto& names, const std::string& suffix) {
    for (std::size_t i = 0; i + 1 < names.size(); ++i) {
      const std::string graver = names.at(i) + suffix;
      const std::string lesser = names.at(i + 1) + suffix;
      if (find_anomaly(graver) == nullptr || find_anomaly(lesser) == nullptr) continue;
      CAPTURE(graver);
      CHECK(includes_all(refuted(graver), refuted(lesser)));
    }
  };
  for (const char* suffix : orders) {
    check_chain(classes, suffix);
    check_chain(items, suffix);
  }
  for (const AnomalyInfo& anomaly : anomaly_lattice()) {
    const std::string name(anomaly.name);
    for (std::size_t i = 0; i + 1 < orders.size(); ++i) {
      const std::string with = name + orders.at(i);
      const std::string with_more = name + orders.at(i + 1);
      if (find_anomaly(with) == nullptr || find_anomaly(with_more) == nullptr) continue;
      CAPTURE(with_more);
      CHECK(includes_all(refuted(with), refuted(with_more)));
    }
    // A cycle over objects is one of those through predicates too.
    if (find_anomaly(name + "-item") == nullptr) continue;
    CAPTURE(name);
    CHECK(includes_all(refuted(name + "-item"), refuted(name)));
  }
}

TEST_CASE("lattice: docs/models.md shows the tables as they are") {
  check_section("models", model_rows());
  check_section("anomalies", anomaly_rows());
}

}  // namespace assay
