// assay verify HISTORY CERTIFICATE, or assay verify RUN: does the certificate prove its verdict?

#include "checker/certificate/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "checker/certificate/bundle.h"
#include "cli/command.h"
#include "cli/history_input.h"

namespace assay::cli {
namespace {

struct VerifyFlags {
  std::string history;
  std::string certificate;
  HistoryInput input;
};

Result<int> verify_files(const VerifyFlags& flags) {
  std::string path = flags.certificate;
  if (path.empty()) {
    std::error_code failure;
    if (!std::filesystem::exists(flags.history, failure)) {
      return Error{ErrorKind::no_input, "no run at '" + flags.history +
                                            "'; see `assay runs ls`, or name HISTORY CERTIFICATE"};
    }
    if (!std::filesystem::is_directory(flags.history, failure)) {
      return Error{ErrorKind::usage, "'" + flags.history +
                                         "' is a file: expected the folder of a run, or HISTORY "
                                         "CERTIFICATE; `assay check HISTORY --certificate FILE` "
                                         "writes one"};
    }
    path = flags.history + "/certificate.json";
    if (!std::filesystem::exists(path, failure)) {
      return Error{ErrorKind::no_input,
                   "'" + flags.history +
                       "' holds no certificate.json: a verdict of unknown has none, and a folder "
                       "that is no run neither; `assay check` of it writes what it can prove"};
    }
  }
  auto text = read_text(path);
  if (!text.ok()) return text.error();
  auto certificates = bundle_from_json(*text);
  if (!certificates.ok()) return certificates.error().in(path);
  const Value& initial = certificates->front().initial;
  auto history = flags.input.read(flags.history);
  if (history.ok() && !history->info().initial_declared && !initial.is_nil()) {
    // The history is silent about it, so the certificate's assumption is taken, and named.
    fmt::print(stderr, "assay: note: initial value {}, as the certificate says\n",
               to_text(initial));
    HistoryInput assumed = flags.input;
    assumed.options.initial = initial;
    history = assumed.read(flags.history);
  }
  if (!history.ok()) return history.error();
  int code = 0;
  for (const Certificate& certificate : *certificates) {
    if (const Status holds = verify(*history, certificate); !holds.ok()) {
      fmt::print("the certificate does not hold: {}\n", holds.error().message);
      code = 1;
      continue;
    }
    fmt::print("the certificate holds: {} of {} ({} operations)\n", certificate.verdict,
               certificate.model, history->size());
  }
  return code;
}

}  // namespace

Action define_verify(CLI::App& app) {
  auto flags = std::make_shared<VerifyFlags>();
  app.add_option("HISTORY", flags->history, "a history, or the folder of a run")->required();
  app.add_option("CERTIFICATE", flags->certificate, "default for a run: its certificate.json");
  flags->input.define(app);
  return [flags] { return verify_files(*flags); };
}

}  // namespace assay::cli
