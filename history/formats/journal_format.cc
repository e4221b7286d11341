// The row `assay` of the table of formats: the binary journal as a file to convert from and to.
#include <ostream>
#include <string>

#include "history/formats/readers.h"
#include "history/journal_codec.h"

namespace assay {

bool recognise_journal(std::string_view beginning) { return beginning.starts_with(journal_magic); }

Status read_journal_format(std::istream& input, const ReadOptions& options, EventSink& sink) {
  const JournalReading reading{.recover = options.recover, .threads = options.threads};
  return read_journal_events(input, reading, sink,
                             [&](HistoryInfo& info) { apply_options(options, info); });
}

Status write_journal_format(const History& history, std::ostream& output) {
  constexpr std::size_t block_bytes = std::size_t{256} << 10U;
  output << JournalEncoder::header(history.info());
  JournalEncoder encoder;
  history.for_each_event([&](const Event& event) {
    encoder.add(event);
    if (encoder.pending_bytes() >= block_bytes) output << encoder.take_block();
  });
  output << encoder.take_block() << encoder.end_mark();
  if (!output) return Error{ErrorKind::cannot_write, "the journal could not be written"};
  return {};
}

}  // namespace assay
