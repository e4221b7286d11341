#include "targets/sql/objects.h"

#include <algorithm>
#include <utility>

#include "targets/sql/columns.h"

namespace assay::sql {
namespace {

const Value::List& words_of(const Value& step) { return *step.get_if<Value::List>(); }

std::optional<std::string> number_of(const Value& value) {
  const auto* number = value.get_if<std::int64_t>();
  return number == nullptr ? std::nullopt : std::optional(std::to_string(*number));
}

/// `true`, [= v] or [mod m r]. Nothing: another one.
std::optional<std::string> condition_of(const Value& predicate) {
  if (predicate == Value(true) || predicate == Value("true")) return "TRUE";
  const auto* words = predicate.get_if<Value::List>();
  if (words == nullptr || words->size() < 2) return std::nullopt;
  const auto first = number_of((*words)[1]);
  if (!first) return std::nullopt;
  if ((*words)[0] == Value("=") && words->size() == 2) return "val = " + *first;
  if (!((*words)[0] == Value("mod")) || words->size() != 3) return std::nullopt;
  const auto rest = number_of((*words)[2]);
  if (!rest || *(*words)[1].get_if<std::int64_t>() <= 0) return std::nullopt;
  return "MOD(MOD(val, " + *first + ") + " + *first + ", " + *first + ") = " + *rest;
}

bool is_step(const Value& step) {
  const auto* words = step.get_if<Value::List>();
  if (words == nullptr || words->size() < 2) return false;
  const auto* f = (*words)[0].get_if<std::string>();
  if (f == nullptr) return false;
  if (*f == "rp") return words->size() == 3 && condition_of((*words)[1]).has_value();
  if (!to_column((*words)[1])) return false;
  if (*f == "delete") return words->size() == 2;
  if (words->size() != 3) return false;
  return *f == "r" || ((*f == "insert" || *f == "w") && number_of((*words)[2]));
}

}  // namespace

bool are_object_steps(const Value::List& steps) {
  return !steps.empty() && std::all_of(steps.begin(), steps.end(), is_step);
}

std::string object_statement(const Value& step, bool locks) {
  const Value::List& words = words_of(step);
  const std::string& f = *words[0].get_if<std::string>();
  const std::string end = locks ? " FOR UPDATE" : "";
  if (f == "rp") {
    return "SELECT id, val FROM assay.objects WHERE " + *condition_of(words[1]) + end;
  }
  const std::string id = quoted(*to_column(words[1]));
  if (f == "r") return "SELECT val FROM assay.objects WHERE id = " + id + end;
  if (f == "delete") return "DELETE FROM assay.objects WHERE id = " + id;
  const std::string value = *number_of(words[2]);
  if (f == "insert")
    return "INSERT INTO assay.objects (id, val) VALUES (" + id + ", " + value + ")";
  return "UPDATE assay.objects SET val = " + value + " WHERE id = " + id;
}

void note_answer(Value& step, const Answer& answer) {
  auto& words = *step.get_if<Value::List>();
  const std::string f = *words[0].get_if<std::string>();
  if (f == "rp") {
    Value::Map found;
    for (const auto& row : answer.rows) {
      found.emplace_back(from_column(row.at(0)), from_column(row.at(1)));
    }
    words[2] = std::move(found);
  } else if (f == "r") {
    words[2] = register_value(answer);
  } else if ((f == "w" || f == "delete") && answer.affected == 0) {
    step = Value::List{"r", words[1], {}};
  }
}

std::optional<std::string> insert_objects(const Value& objects) {
  const auto* entries = objects.get_if<Value::Map>();
  if (entries == nullptr || entries->empty()) return std::nullopt;
  std::string rows;
  for (const auto& [key, value] : *entries) {
    const auto id = to_column(key);
    const auto number = number_of(value);
    if (!id || !number) return std::nullopt;
    rows += (rows.empty() ? "(" : ", (") + quoted(*id) + ", " + *number + ")";
  }
  return "INSERT INTO assay.objects (id, val) VALUES " + rows;
}

}  // namespace assay::sql
