#pragma once
// The words that benchmarks take, and what --help prints of them.

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdlib>
#include <string>

namespace assay::bench {

struct Arguments {
  std::size_t operations = 0;  ///< of the largest history
  std::string only;            ///< of the table, the rows with this in their names; empty: all
};

/// `[OPERATIONS [NAME]]`, or `[NAME]` alone if `operations`, the fallback, is 0. Ends the program
/// after --help and on words that it does not know.
inline Arguments read_arguments(int argc, char** argv, const std::string& summary,
                                std::size_t operations) {
  CLI::App app(summary);
  Arguments words{operations, {}};
  if (operations > 0) {
    app.add_option("OPERATIONS,--operations", words.operations, "of the largest history")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
  }
  app.add_option("NAME,--only", words.only, "of the table, the rows with this in their names");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return words;
}

}  // namespace assay::bench
