#include "cli/campaign_ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "base/clock.h"
#include "cli/history_input.h"
#include "harness/run_index.h"
#include "harness/run_store.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* schema = "assay.ledger/1";
constexpr const char* file_name = "ledger.jsonl";

/// A name as a folder: letters, digits and -.
std::string slug(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (word || (!text.empty() && text.back() != '-')) text += word ? c : '-';
  }
  while (text.ends_with('-')) text.pop_back();
  return text.empty() ? "campaign" : text;
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_json(const LedgerHeader& header) {
  Json planned = Json::array();
  for (const gate::Planned& each : header.planned) {
    planned.push_back({{"experiment", each.experiment},
                       {"runs", each.runs},
                       {"canary", each.canary},
                       {"expected", each.expected},
                       {"file", each.file},
                       {"line", each.line}});
  }
  return dumped({{"schema", schema},
                 {"campaign", header.campaign},
                 {"name", header.name},
                 {"executor", header.executor},
                 {"digest", header.digest},
                 {"policy", header.policy},
                 {"baseline", header.baseline},
                 {"planned", std::move(planned)}});
}

LedgerHeader header_of(const Json& json) {
  LedgerHeader header;
  json.at("campaign").get_to(header.campaign);
  json.at("name").get_to(header.name);
  json.at("executor").get_to(header.executor);
  json.at("digest").get_to(header.digest);
  json.at("policy").get_to(header.policy);
  json.at("baseline").get_to(header.baseline);
  for (const Json& each : json.at("planned")) {
    gate::Planned planned;
    each.at("experiment").get_to(planned.experiment);
    each.at("runs").get_to(planned.runs);
    each.at("canary").get_to(planned.canary);
    each.at("expected").get_to(planned.expected);
    each.at("file").get_to(planned.file);
    each.at("line").get_to(planned.line);
    header.planned.push_back(std::move(planned));
  }
  return header;
}

Error cannot_write(const std::string& path, const std::string& why) {
  return {ErrorKind::cannot_write, "cannot write '" + path + "': " + why};
}

std::string path_of(const std::string& folder) { return folder + "/" + file_name; }

}  // namespace

std::optional<std::chrono::seconds> quiet_for(const std::string& folder) {
  std::error_code failure;
  const auto time = fs::last_write_time(path_of(folder), failure);
  if (failure) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(fs::file_time_type::clock::now() - time);
}

Result<LedgerContents> read_ledger(const std::string& folder) {
  const std::string path = path_of(folder);
  const auto text = read_text(path);
  if (!text.ok()) return text.error();
  LedgerContents contents;
  std::string_view rest = *text;
  std::size_t line = 0;
  try {
    // Only what ends with a newline was written whole.
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      ++line;
      const Json json = Json::parse(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      if (line == 1) {
        if (json.at("schema") != schema) {
          return Error{ErrorKind::bad_data, path + ": expected schema " + schema};
        }
        contents.header = header_of(json);
      } else if (json.contains("out_of_budget")) {
        contents.out_of_budget = true;
      } else {
        auto record = run_record_from_json(json.at("record").dump());
        if (!record.ok()) return record.error().in(path);
        json.at("folder").get_to(record->folder);
        contents.runs.push_back(*std::move(record));
      }
    }
  } catch (const Json::exception& error) {
    return Error{ErrorKind::bad_data, path + ":" + std::to_string(line) + ": " + error.what()};
  }
  if (line == 0) return Error{ErrorKind::bad_data, path + ": it has no header"};
  return contents;
}

Result<std::string> newest_campaign(const std::string& store, const std::string& name) {
  const fs::path parent = fs::path(store) / "campaigns";
  const std::string start = name.empty() ? "" : slug(name) + "-";
  std::vector<std::pair<fs::file_time_type, std::string>> candidates;
  std::error_code failure;
  for (auto at = fs::directory_iterator(parent, failure);
       !failure && at != fs::directory_iterator(); at.increment(failure)) {
    if (!at->path().filename().string().starts_with(start)) continue;
    std::error_code missing;
    const auto time = fs::last_write_time(at->path() / file_name, missing);
    if (!missing) candidates.emplace_back(time, at->path().string());
  }
  std::sort(candidates.rbegin(), candidates.rend());
  for (const auto& [time, folder] : candidates) {
    const auto ledger = read_ledger(folder);
    if (ledger.ok() && (name.empty() || ledger->header.name == name)) return folder;
  }
  return Error{ErrorKind::no_input, "no campaign" + (name.empty() ? "" : " '" + name + "'") +
                                        " in the store '" + store + "'"};
}

Result<Ledger> Ledger::create(const std::string& store, LedgerHeader header) {
  const fs::path parent = fs::path(store) / "campaigns";
  const std::string base = slug(header.name) + "-" + utc_stamp();
  std::error_code failure;
  fs::create_directories(parent, failure);
  header.campaign = base;
  for (int n = 2; !fs::create_directory(parent / header.campaign, failure); ++n) {
    if (failure) return cannot_write((parent / base).string(), failure.message());
    header.campaign = base + "." + std::to_string(n);
  }
  const std::string folder = (parent / header.campaign).string();
  auto lock = FileLock::try_lock(folder + "/lock");
  if (!lock.ok()) return lock.error();
  if (auto status = write_file(path_of(folder), to_json(header)); !status.ok()) {
    return status.error();
  }
  return Ledger(folder, std::move(header), *std::move(lock));
}

Result<Ledger> Ledger::resume(const std::string& store, const LedgerHeader& header) {
  const auto folder = newest_campaign(store, header.name);
  if (!folder.ok()) return folder.error();
  auto lock = FileLock::try_lock(*folder + "/lock");
  if (!lock.ok()) return lock.error().in("campaign " + *folder);
  auto contents = read_ledger(*folder);
  if (!contents.ok()) return contents.error();
  if (contents->header.digest != header.digest || contents->header.executor != header.executor) {
    return Error{ErrorKind::configuration,
                 "campaign " + contents->header.campaign +
                     " was about other runs: its file, --select, --shard or executor changed; "
                     "without --resume a new one begins"};
  }
  // A line that was cut off would swallow the one appended after it.
  const std::string path = path_of(*folder);
  const auto text = read_text(path);
  if (!text.ok()) return text.error();
  std::error_code failure;
  fs::resize_file(path, text->rfind('\n') + 1, failure);
  if (failure) return cannot_write(path, failure.message());
  Ledger ledger(*folder, contents->header, *std::move(lock));
  for (RunRecord& record : contents->runs) {
    ledger.runs_[{record.experiment, record.seed}] = std::move(record);
  }
  auto index = RunIndex::open(store);
  if (!index.ok()) return index.error();
  RunFilter filter;
  filter.campaign = ledger.campaign();
  const auto stored = index->runs(filter);
  if (!stored.ok()) return stored.error();
  for (const RunRecord& record : *stored) {
    const RunRecord* known = ledger.find(record.experiment, record.seed);
    if (known != nullptr && known->folder == record.folder) continue;
    Status status;
    if (known == nullptr && record.verdict != unfinished) {
      status = ledger.append(record);
    } else {
      status = remove_run(store, record.folder);
    }
    if (!status.ok()) return status.error();
  }
  return ledger;
}

const RunRecord* Ledger::find(const std::string& experiment, std::uint64_t seed) const {
  const auto at = runs_.find({experiment, seed});
  return at == runs_.end() ? nullptr : &at->second;
}

Status Ledger::append(const RunRecord& record) {
  const Json line{{"folder", record.folder}, {"record", Json::parse(assay::to_json(record))}};
  if (auto status = append_line(dumped(line)); !status.ok()) return status;
  runs_[{record.experiment, record.seed}] = record;
  return {};
}

Status Ledger::out_of_budget() { return append_line(dumped({{"out_of_budget", true}})); }

Status Ledger::append_line(const std::string& line) {
  const std::string path = path_of(folder_);
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return cannot_write(path, std::strerror(errno));
  const auto written = write(file, line.data(), line.size());
  const bool whole = written == static_cast<ssize_t>(line.size()) && fdatasync(file) == 0;
  const std::string why = std::strerror(errno);
  close(file);
  return whole ? Status() : cannot_write(path, why);
}

}  // namespace assay::cli
