#pragma once
// How the command line talks about itself: its help, and what it says to words that it does not
// know.

#include <CLI/CLI.hpp>
#include <string>

namespace assay::cli {

/// Help that calls numbers N and says ranges, choices and fallbacks in words. The variables of the
/// environment follow one rule, which the program's own help tells; they are not listed one by one.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override;
};

/// Why the words were refused, which known one was probably meant, and whose help says more:
/// "unknown flag '--modle' (did you mean '--model'?)\n  see: assay check --help".
std::string refusal_text(const CLI::App& app, const CLI::ParseError& refused);

}  // namespace assay::cli
