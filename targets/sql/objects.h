#pragma once
// Rows that are inserted, changed, deleted and found by a predicate over their value: steps of the
// datatype closed-predicate as statements over table assay.objects.

#include <optional>
#include <string>

#include "history/value.h"
#include "targets/sql/connection.h"

namespace assay::sql {

/// Whether each is [insert k v], [w k v], [delete k], [r k nil] or [rp predicate nil].
bool are_object_steps(const Value::List& steps);
/// The statement of such a step. `locks`: what it reads is locked.
std::string object_statement(const Value& step, bool locks);
/// Writes into the step what the answer, which is ok, says of it. A change that found no row is a
/// read of nothing.
void note_answer(Value& step, const Answer& answer);

/// init {k v …} as one statement. Nothing: another shape, or no object.
std::optional<std::string> insert_objects(const Value& objects);

}  // namespace assay::sql
