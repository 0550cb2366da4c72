// Layout. The fields follow each other in the order of record_fields.h, without padding; nested
// structures are written field by field in the same way:
//
// - trivially copyable (numbers, enums, times, std::string_view): its bytes in memory, sizeof(T);
// - string:    length (4 bytes, native order), then the characters, without a terminator;
// - vector:    number of elements (4 bytes), then each element;
// - optional:  bool (1 byte), then the value if it is true.
//
// A record with the id "r1", at Level::Shape, selected by the directives "a" and "bc", begins:
//
// | at | bytes             | field                               |
// |----|-------------------|-------------------------------------|
// |  0 | 02 00 00 00 72 31 | request_id: 2 characters, "r1"      |
// |  6 | 00 00 00 00       | trace_id: empty                     |
// | 10 | 00 00 00 00       | span_id                             |
// | 14 | 00 00 00 00       | parent_span_id                      |
// | 18 | 00 00 00 00       | upstream_span_id                    |
// | 22 | 01                | level                               |
// | 23 | 02 00 00 00       | directives: 2 elements              |
// | 27 | 01 00 00 00 61    |   the first, "a"                    |
// | 32 | 02 00 00 00 62 63 |   the second, "bc"                  |
// | 38 | 00 00 00 00       | signed_fault, and so on             |
//
// There is no table of offsets, because a record is always unpacked as a whole.
#include "osproxy/record/packed_record.h"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "osproxy/record/record_fields.h"

namespace osproxy {
namespace {

using Length = std::uint32_t;

/// A structure whose fields are written one by one. That takes less room than its bytes in memory
/// if many of its fields are absent.
template <class Value>
concept Structure =
    std::is_same_v<Value, ResponseFacts> || std::is_same_v<Value, ResponseFacts::Shards>;

/// Packed as its bytes in memory. This includes std::string_view, which in a record always points
/// to a constant of the program.
template <class Value>
concept Plain = std::is_trivially_copyable_v<Value> && !Structure<Value>;

class Measure {
 public:
  std::size_t size() const noexcept { return size_; }

  void operator()(const Plain auto& value) noexcept { size_ += sizeof(value); }
  void operator()(const std::string& text) noexcept { size_ += sizeof(Length) + text.size(); }

  template <class Value>
  void operator()(const std::optional<Value>& value) noexcept {
    size_ += sizeof(bool);
    if (value) (*this)(*value);
  }

  template <class Value>
  void operator()(const std::vector<Value>& list) noexcept {
    size_ += sizeof(Length);
    for (const Value& one : list) (*this)(one);
  }

  template <class Value>
  void operator()(const Value& value) noexcept {
    for_each_field(*this, value);
  }

 private:
  std::size_t size_ = 0;
};

class Writer {
 public:
  explicit Writer(std::byte* to) noexcept : to_(to) {}

  const std::byte* end() const noexcept { return to_; }

  void operator()(const Plain auto& value) noexcept { put(&value, sizeof(value)); }
  void operator()(const std::string& text) noexcept {
    (*this)(static_cast<Length>(text.size()));
    put(text.data(), text.size());
  }

  template <class Value>
  void operator()(const std::optional<Value>& value) noexcept {
    (*this)(value.has_value());
    if (value) (*this)(*value);
  }

  template <class Value>
  void operator()(const std::vector<Value>& list) noexcept {
    (*this)(static_cast<Length>(list.size()));
    for (const Value& one : list) (*this)(one);
  }

  template <class Value>
  void operator()(const Value& value) noexcept {
    for_each_field(*this, value);
  }

 private:
  void put(const void* from, std::size_t size) noexcept {
    std::memcpy(to_, from, size);
    to_ += size;
  }

  std::byte* to_;
};

class Reader {
 public:
  explicit Reader(const std::byte* from) noexcept : from_(from) {}

  const std::byte* end() const noexcept { return from_; }

  void operator()(Plain auto& value) noexcept { take(&value, sizeof(value)); }
  void operator()(std::string& text) {
    text.resize(length());
    take(text.data(), text.size());
  }

  template <class Value>
  void operator()(std::optional<Value>& value) {
    bool is_there = false;
    (*this)(is_there);
    if (is_there) (*this)(value.emplace());
  }

  template <class Value>
  void operator()(std::vector<Value>& list) {
    list.resize(length());
    for (Value& one : list) (*this)(one);
  }

  template <class Value>
  void operator()(Value& value) {
    for_each_field(*this, value);
  }

 private:
  Length length() noexcept {
    Length length = 0;
    (*this)(length);
    return length;
  }

  void take(void* to, std::size_t size) noexcept {
    std::memcpy(to, from_, size);
    from_ += size;
  }

  const std::byte* from_;
};

}  // namespace

std::size_t packed_size(const Record& record) noexcept {
  Measure measure;
  measure(record);
  return measure.size();
}

void pack(const Record& record, std::span<std::byte> to) noexcept {
  Writer writer(to.data());
  writer(record);
  assert(writer.end() == to.data() + to.size());
}

/// The id is the first field.
std::string_view packed_request_id(std::span<const std::byte> from) noexcept {
  Length size = 0;
  std::memcpy(&size, from.data(), sizeof(size));
  return {reinterpret_cast<const char*>(from.data()) + sizeof(size), size};
}

Record unpack(std::span<const std::byte> from) {
  Record record;
  Reader reader(from.data());
  reader(record);
  assert(reader.end() == from.data() + from.size());
  return record;
}

}  // namespace osproxy
