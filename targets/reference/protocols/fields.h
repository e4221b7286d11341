#pragma once
// The encoding of everything that names its fields: a struct says once which they are,
//     static auto fields(auto& m) { return std::tie(m.term, m.entries); }
// and is written and read field by field, in that order. A struct may also have `bool valid()
// const` for what its types do not say: a reader refuses what is not.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "targets/reference/protocols/codec.h"

namespace assay::reference {

template <class T>
concept HasFields = requires(T& value) { T::fields(value); };

/// An enumeration without gaps from 0, with `last_of(E)` beside it.
template <class T>
concept Enumeration = std::is_enum_v<T> && requires { last_of(T{}); };

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T>
void put_value(ByteWriter& writer, const T& value) {
  if constexpr (HasFields<T>) {
    std::apply([&](const auto&... each) { (put_value(writer, each), ...); }, T::fields(value));
  } else if constexpr (is_vector<T>) {
    writer.u32(static_cast<std::uint32_t>(value.size()));
    for (const auto& each : value) put_value(writer, each);
  } else if constexpr (std::is_same_v<T, bool>) {
    writer.boolean(value);
  } else if constexpr (std::is_same_v<T, std::uint32_t>) {
    writer.u32(value);
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    writer.u64(value);
  } else if constexpr (std::is_same_v<T, NodeId>) {
    writer.u32(static_cast<std::uint32_t>(value));
  } else if constexpr (Enumeration<T>) {
    writer.u8(static_cast<std::uint8_t>(value));
  } else if constexpr (std::is_same_v<T, std::string>) {
    writer.text(value);
  } else if constexpr (std::is_same_v<T, Datum>) {
    writer.datum(value);
  } else if constexpr (std::is_same_v<T, Command>) {
    writer.command(value);
  } else if constexpr (std::is_same_v<T, Entry>) {
    writer.entry(value);
  } else if constexpr (std::is_same_v<T, Reply>) {
    writer.reply(value);
  } else {
    put(writer, value);
  }
}

template <class T>
void get_value(ByteReader& reader, T& value) {
  if constexpr (HasFields<T>) {
    std::apply([&](auto&... each) { (get_value(reader, each), ...); }, T::fields(value));
    if constexpr (requires { value.valid(); }) {
      if (!value.valid()) reader.fail();
    }
  } else if constexpr (is_vector<T>) {
    // Grows with what is there, not with what the length claims.
    const std::size_t claimed = reader.u32();
    if (claimed > reader.left()) reader.fail();
    for (std::size_t i = 0; i < claimed && reader.ok(); ++i)
      get_value(reader, value.emplace_back());
  } else if constexpr (std::is_same_v<T, bool>) {
    value = reader.boolean();
  } else if constexpr (std::is_same_v<T, std::uint32_t>) {
    value = reader.u32();
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    value = reader.u64();
  } else if constexpr (std::is_same_v<T, NodeId>) {
    value = reader.node();
  } else if constexpr (Enumeration<T>) {
    const auto number = reader.u8();
    if (number > static_cast<std::uint8_t>(last_of(T{}))) reader.fail();
    value = static_cast<T>(number);
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = reader.text(reader.left());
  } else if constexpr (std::is_same_v<T, Datum>) {
    value = reader.datum();
  } else if constexpr (std::is_same_v<T, Command>) {
    value = reader.command();
  } else if constexpr (std::is_same_v<T, Entry>) {
    value = reader.entry();
  } else if constexpr (std::is_same_v<T, Reply>) {
    value = reader.reply();
  } else {
    get(reader, value);
  }
}

/// One of several messages: the version, its position among them, its fields.
template <class... Messages>
void encode_one_of(std::uint8_t version, const std::variant<Messages...>& message,
                   std::string& out) {
  static_assert(sizeof...(Messages) <= 256);
  ByteWriter writer(out);
  writer.u8(version);
  writer.u8(static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& m) { put_value(writer, m); }, message);
}

/// Nothing if the bytes are not exactly one message of that version.
template <class Variant>
std::optional<Variant> decode_one_of(std::uint8_t version, std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.u8() != version) return std::nullopt;
  const std::size_t type = reader.u8();
  Variant message;
  const auto read = [&]<std::size_t position>() {
    if (type == position) get_value(reader, message.template emplace<position>());
  };
  [&]<std::size_t... positions>(std::index_sequence<positions...>) {
    (read.template operator()<positions>(), ...);
  }(std::make_index_sequence<std::variant_size_v<Variant>>());
  if (type >= std::variant_size_v<Variant> || !reader.done()) return std::nullopt;
  return message;
}

}  // namespace assay::reference
