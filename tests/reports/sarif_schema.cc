#include "tests/reports/sarif_schema.h"

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/reports/markup.h"

namespace assay::example {
namespace {

using Json = nlohmann::json;

class Sarif {
 public:
  std::vector<std::string> faults;

  void log(const Json& json) {
    object(json, "log", {"version", "runs"}, {"$schema"});
    if (json.value("version", "") != "2.1.0") faults.emplace_back("version is not 2.1.0");
    each(json, "runs", [&](const Json& run) { this->run(run); });
  }

 private:
  void object(const Json& json, const std::string& what, const std::set<std::string>& required,
              const std::set<std::string>& optional) {
    if (!json.is_object()) {
      faults.push_back(what + ": expected an object");
      return;
    }
    for (const std::string& name : required) {
      if (!json.contains(name)) faults.push_back(what + ": lacks " + name);
    }
    for (const auto& [name, value] : json.items()) {
      if (!required.contains(name) && !optional.contains(name)) {
        faults.push_back(what + ": unknown " + name);
      }
    }
  }
  void each(const Json& json, const char* name, const std::function<void(const Json&)>& visit) {
    if (!json.contains(name)) return;
    if (!json[name].is_array()) {
      faults.push_back(std::string(name) + ": expected an array");
      return;
    }
    for (const Json& element : json[name]) visit(element);
  }
  void text(const Json& json, const char* name) {
    if (json.contains(name) && !json[name].is_string()) {
      faults.push_back(std::string(name) + ": expected a text");
    }
  }
  void one_of(const Json& json, const char* name, const std::set<std::string>& values) {
    if (json.contains(name) && (!json[name].is_string() || !values.contains(json[name]))) {
      faults.push_back(std::string(name) + ": " + json[name].dump());
    }
  }
  void message(const Json& json, const char* name) {
    if (!json.contains(name)) return;
    object(json[name], name, {"text"}, {});
    text(json[name], "text");
    if (json[name].value("text", "").empty()) faults.push_back(std::string(name) + ": no text");
  }

  void run(const Json& json) {
    object(json, "run", {"tool"}, {"results", "invocations"});
    object(json["tool"], "tool", {"driver"}, {});
    const Json& driver = json["tool"]["driver"];
    object(driver, "driver", {"name"}, {"rules"});
    std::set<std::string> ids;
    each(driver, "rules", [&](const Json& rule) {
      object(rule, "rule", {"id"}, {"shortDescription", "help"});
      message(rule, "shortDescription");
      message(rule, "help");
      if (!ids.insert(rule.value("id", "")).second) faults.emplace_back("a rule twice");
    });
    each(json, "invocations", [&](const Json& invocation) {
      object(invocation, "invocation", {"executionSuccessful"}, {"exitCode"});
      if (!invocation["executionSuccessful"].is_boolean()) faults.emplace_back("not a boolean");
    });
    each(json, "results", [&](const Json& result) {
      this->result(result);
      if (!ids.contains(result.value("ruleId", ""))) faults.emplace_back("a rule is not listed");
    });
  }

  void result(const Json& json) {
    object(json, "result", {"message"},
           {"ruleId", "level", "locations", "partialFingerprints", "properties", "baselineState"});
    message(json, "message");
    one_of(json, "level", {"none", "note", "warning", "error"});
    one_of(json, "baselineState", {"new", "unchanged", "updated", "absent"});
    const Json prints = json.value("partialFingerprints", Json::object());
    for (const auto& [name, value] : prints.items()) {
      if (!value.is_string()) faults.push_back("fingerprint " + name);
    }
    each(json, "locations", [&](const Json& location) {
      object(location, "location", {}, {"physicalLocation", "logicalLocations"});
      const Json& place = location["physicalLocation"];
      object(place, "physicalLocation", {"artifactLocation"}, {"region"});
      object(place["artifactLocation"], "artifactLocation", {}, {"uri"});
      uri(place["artifactLocation"].value("uri", ""));
      object(place["region"], "region", {}, {"startLine"});
      if (place["region"].value("startLine", 0) < 1) faults.emplace_back("startLine below 1");
      each(location, "logicalLocations", [&](const Json& logical) {
        object(logical, "logicalLocation", {}, {"name", "kind"});
      });
    });
  }

  void uri(const std::string& uri) {
    constexpr const char* allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/%:";
    if (uri.empty() || uri.find_first_not_of(allowed) != std::string::npos) {
      faults.push_back("not a URI: " + uri);
    }
  }
};

struct Element {
  std::set<std::string> inside;  ///< where it may stand
  std::set<std::string> required;
  std::set<std::string> optional;
};

const std::map<std::string, Element>& junit_elements() {
  static const std::map<std::string, Element> table{
      {"testsuites", {{""}, {}, {}}},
      {"testsuite",
       {{"testsuites"},
        {"name", "tests", "failures", "errors", "time", "timestamp", "hostname", "id", "package"},
        {"skipped"}}},
      {"properties", {{"testsuite"}, {}, {}}},
      {"property", {{"properties"}, {"name", "value"}, {}}},
      {"testcase", {{"testsuite"}, {"name", "classname", "time"}, {}}},
      {"failure", {{"testcase"}, {"type"}, {"message"}}},
      {"error", {{"testcase"}, {"type"}, {"message"}}},
      {"skipped", {{"testcase"}, {}, {"type", "message"}}},
      {"system-out", {{"testsuite"}, {}, {}}},
      {"system-err", {{"testsuite"}, {}, {}}},
  };
  return table;
}

const std::set<std::string> numbers{"tests", "failures", "errors", "skipped"};

/// The attributes of a start tag that is known to be well-formed.
std::map<std::string, std::string> attributes_of(const std::string& tag) {
  std::map<std::string, std::string> attributes;
  std::size_t at = tag.find(' ');
  while (at != std::string::npos) {
    const std::size_t equals = tag.find("=\"", at);
    if (equals == std::string::npos) break;
    const std::size_t end = tag.find('"', equals + 2);
    attributes[tag.substr(at + 1, equals - at - 1)] = tag.substr(equals + 2, end - equals - 2);
    at = tag.find(' ', end);
  }
  return attributes;
}

class Junit {
 public:
  std::vector<std::string> faults;

  void document(const std::string& xml) {
    if (const std::string why = malformed(xml); !why.empty()) {
      faults.push_back(why);
      return;
    }
    for (std::size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
      const std::size_t end = xml.find('>', at);
      const std::string tag = xml.substr(at + 1, end - at - 1);
      if (tag.starts_with('?')) continue;
      if (tag.starts_with('/')) {
        close();
      } else {
        open(tag);
        if (tag.ends_with('/')) close();
      }
    }
  }

 private:
  struct Level {
    std::string name;
    std::map<std::string, std::string> attributes;
    std::map<std::string, long> counts;
  };

  void open(const std::string& tag) {
    const std::string name = tag.substr(0, tag.find_first_of(" /"));
    const auto element = junit_elements().find(name);
    if (element == junit_elements().end()) {
      faults.push_back("unknown element " + name);
    } else {
      const std::string parent = levels_.empty() ? "" : levels_.back().name;
      if (!element->second.inside.contains(parent)) faults.push_back(name + " in " + parent);
      check(name, element->second, attributes_of(tag));
    }
    for (Level& level : levels_) ++level.counts[name];
    levels_.push_back({name, attributes_of(tag), {}});
  }
  void check(const std::string& name, const Element& element,
             const std::map<std::string, std::string>& attributes) {
    for (const std::string& each : element.required) {
      if (!attributes.contains(each)) faults.push_back(name + " lacks " + each);
    }
    for (const auto& [each, value] : attributes) {
      if (!element.required.contains(each) && !element.optional.contains(each)) {
        faults.push_back(name + " has " + each);
      }
      const bool count = numbers.contains(each);
      if ((count || each == "time") &&
          value.find_first_not_of(count ? "0123456789" : "0123456789.") != std::string::npos) {
        faults.push_back(name + ": " + each + "=" + value);
      }
    }
  }
  /// The counts of a suite are those of what stands in it.
  void close() {
    const Level level = levels_.back();
    levels_.pop_back();
    for (const auto& [attribute, element] :
         {std::pair{"tests", "testcase"}, std::pair{"failures", "failure"},
          std::pair{"errors", "error"}, std::pair{"skipped", "skipped"}}) {
      const auto said = level.attributes.find(attribute);
      if (said == level.attributes.end()) continue;
      const auto counted = level.counts.find(element);
      const long found = counted == level.counts.end() ? 0 : counted->second;
      if (said->second != std::to_string(found)) {
        faults.push_back(level.name + ": " + attribute + " is " + said->second + ", there are " +
                         std::to_string(found));
      }
    }
  }

  std::vector<Level> levels_;
};

}  // namespace

std::vector<std::string> sarif_faults(const nlohmann::json& log) {
  Sarif sarif;
  sarif.log(log);
  return sarif.faults;
}

std::vector<std::string> junit_faults(const std::string& xml) {
  Junit junit;
  junit.document(xml);
  return junit.faults;
}

}  // namespace assay::example
