#include "targets/reference/node/mongodb/bson.h"

#include <bson/bson.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace assay::mongodb_front {
namespace {

constexpr int depth_max = 16;
constexpr double exact_max = 9007199254740992.0;  // 2^53

Datum special(const char* name, Datum value) {
  return Datum::Map{{Datum(std::string(name)), std::move(value)}};
}

std::optional<Datum> value_at(const bson_iter_t& at, int depth);

std::optional<Datum> content_of(bson_iter_t at, bool list, int depth) {
  if (depth > depth_max) return std::nullopt;
  Datum::List elements;
  Datum::Map fields;
  while (bson_iter_next(&at)) {
    auto value = value_at(at, depth);
    if (!value) return std::nullopt;
    if (list) {
      elements.push_back(*std::move(value));
    } else {
      fields.emplace_back(std::string(bson_iter_key(&at)), *std::move(value));
    }
  }
  // It stops where the bytes are wrong as at their end.
  if (at.err_off != 0) return std::nullopt;
  return list ? Datum(std::move(elements)) : Datum(std::move(fields));
}

std::optional<Datum> value_at(const bson_iter_t& at, int depth) {
  switch (bson_iter_type(&at)) {
    case BSON_TYPE_NULL:
      return Datum();
    case BSON_TYPE_BOOL:
      return Datum(bson_iter_bool(&at));
    case BSON_TYPE_INT32:
      return Datum(std::int64_t{bson_iter_int32(&at)});
    case BSON_TYPE_INT64:
      return Datum(bson_iter_int64(&at));
    case BSON_TYPE_DOUBLE: {
      const double number = bson_iter_double(&at);
      if (!(std::abs(number) <= exact_max) || std::trunc(number) != number) return std::nullopt;
      return Datum(static_cast<std::int64_t>(number));
    }
    case BSON_TYPE_UTF8: {
      std::uint32_t length = 0;
      const char* text = bson_iter_utf8(&at, &length);
      return Datum(std::string(text, length));
    }
    case BSON_TYPE_OID: {
      char hex[25] = {};
      bson_oid_to_string(bson_iter_oid(&at), hex);
      return special("$oid", Datum(std::string(hex)));
    }
    case BSON_TYPE_BINARY: {
      bson_subtype_t kind{};
      std::uint32_t length = 0;
      const std::uint8_t* bytes = nullptr;
      bson_iter_binary(&at, &kind, &length, &bytes);
      return special("$binary", Datum(std::string(reinterpret_cast<const char*>(bytes), length)));
    }
    case BSON_TYPE_DATE_TIME:
      return special("$date", Datum(std::int64_t{bson_iter_date_time(&at)}));
    case BSON_TYPE_TIMESTAMP: {
      std::uint32_t t = 0;
      std::uint32_t i = 0;
      bson_iter_timestamp(&at, &t, &i);
      return timestamp({t, i});
    }
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY: {
      bson_iter_t inner;
      if (!bson_iter_recurse(&at, &inner)) return std::nullopt;
      return content_of(inner, bson_iter_type(&at) == BSON_TYPE_ARRAY, depth + 1);
    }
    default:
      return std::nullopt;
  }
}

/// Owns what libbson fills.
struct Builder {
  Builder() { bson_init(&document); }
  ~Builder() { bson_destroy(&document); }
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;
  bson_t document;
};

void append(bson_t& to, const std::string& name, const Datum& value);

void append_all(bson_t& to, const Datum& value) {
  if (const auto* list = value.get_if<Datum::List>()) {
    std::size_t at = 0;
    for (const Datum& element : *list) append(to, std::to_string(at++), element);
  } else if (const auto* map = value.get_if<Datum::Map>()) {
    for (const auto& [key, element] : *map) {
      if (const auto* name = key.get_if<std::string>()) append(to, *name, element);
    }
  }
}

/// False: an ordinary map.
bool append_special(bson_t& to, const std::string& name, const Datum::Map& map) {
  if (map.size() != 1) return false;
  const int length = static_cast<int>(name.size());
  const auto& [key, value] = map.front();
  const auto* text = value.get_if<std::string>();
  if (is_text(&key, "$oid") && text != nullptr && bson_oid_is_valid(text->data(), text->size())) {
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, text->c_str());
    return bson_append_oid(&to, name.data(), length, &oid);
  }
  if (is_text(&key, "$binary") && text != nullptr) {
    return bson_append_binary(&to, name.data(), length, BSON_SUBTYPE_BINARY,
                              reinterpret_cast<const std::uint8_t*>(text->data()),
                              static_cast<std::uint32_t>(text->size()));
  }
  if (const auto* date = value.get_if<std::int64_t>(); is_text(&key, "$date") && date != nullptr) {
    return bson_append_date_time(&to, name.data(), length, *date);
  }
  if (const auto position = position_of(map)) {
    return bson_append_timestamp(&to, name.data(), length,
                                 static_cast<std::uint32_t>(position->term),
                                 static_cast<std::uint32_t>(position->index));
  }
  return false;
}

void append(bson_t& to, const std::string& name, const Datum& value) {
  const int length = static_cast<int>(name.size());
  if (value.is_nil()) {
    bson_append_null(&to, name.data(), length);
  } else if (const auto* truth = value.get_if<bool>()) {
    bson_append_bool(&to, name.data(), length, *truth);
  } else if (const auto* number = value.get_if<std::int64_t>()) {
    using Small = std::numeric_limits<std::int32_t>;
    if (*number >= Small::min() && *number <= Small::max()) {
      bson_append_int32(&to, name.data(), length, static_cast<std::int32_t>(*number));
    } else {
      bson_append_int64(&to, name.data(), length, *number);
    }
  } else if (const auto* text = value.get_if<std::string>()) {
    bson_append_utf8(&to, name.data(), length, text->data(), static_cast<int>(text->size()));
  } else {
    const auto* map = value.get_if<Datum::Map>();
    if (map != nullptr && append_special(to, name, *map)) return;
    Builder inner;
    append_all(inner.document, value);
    if (map != nullptr) {
      bson_append_document(&to, name.data(), length, &inner.document);
    } else {
      bson_append_array(&to, name.data(), length, &inner.document);
    }
  }
}

}  // namespace

std::optional<Datum> from_bson(std::string_view bytes) {
  bson_t document;
  bson_iter_t at;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (!bson_init_static(&document, data, bytes.size()) || !bson_iter_init(&at, &document)) {
    return std::nullopt;
  }
  return content_of(at, false, 0);
}

std::string to_bson(const Datum& document) {
  Builder builder;
  append_all(builder.document, document);
  return {reinterpret_cast<const char*>(bson_get_data(&builder.document)), builder.document.len};
}

Datum timestamp(const reference::Position& position) {
  return special("$timestamp", Datum::List{static_cast<std::int64_t>(position.term),
                                           static_cast<std::int64_t>(position.index)});
}

std::optional<reference::Position> position_of(const Datum& timestamp) {
  const Datum* parts = find(timestamp, "$timestamp");
  const auto* pair = parts == nullptr ? nullptr : parts->get_if<Datum::List>();
  if (pair == nullptr || pair->size() != 2) return std::nullopt;
  const auto* t = (*pair)[0].get_if<std::int64_t>();
  const auto* i = (*pair)[1].get_if<std::int64_t>();
  constexpr std::int64_t max = std::numeric_limits<std::uint32_t>::max();
  if (t == nullptr || i == nullptr || *t < 0 || *i < 0 || *t > max || *i > max) return std::nullopt;
  return reference::Position{static_cast<reference::Term>(*t),
                             static_cast<reference::LogIndex>(*i)};
}

const Datum* find(const Datum& map, std::string_view name) {
  const auto* fields = map.get_if<Datum::Map>();
  if (fields == nullptr) return nullptr;
  for (const auto& [key, value] : *fields) {
    if (is_text(&key, name)) return &value;
  }
  return nullptr;
}

bool is_text(const Datum* datum, std::string_view text) {
  const auto* held = datum == nullptr ? nullptr : datum->get_if<std::string>();
  return held != nullptr && *held == text;
}

}  // namespace assay::mongodb_front
