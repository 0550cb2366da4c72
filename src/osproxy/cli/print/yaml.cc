#include "osproxy/cli/print/yaml.h"

#include <algorithm>
#include <utility>

#include <simdjson.h>

#include "osproxy/core/json_writer.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kStep = 2;  // columns of each level

// Words that YAML 1.1, or 1.2, reads as a boolean, null or a number.
constexpr std::string_view kReserved[] = {"y",    "n",     "yes",  "no",  "on", "off",
                                          "true", "false", "null", "nan", "inf"};

bool is_plain(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_inner = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
  };
  if (text.empty() || !is_letter(text.front()) || !std::ranges::all_of(text, is_inner))
    return false;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
  });
  return std::ranges::find(kReserved, lower) == std::end(kReserved);
}

// YAML's double-quoted scalars take all escapes that JSON has.
std::string scalar(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  JsonWriter json;
  json.value(text);
  return std::move(json).take();
}

class Printer {
 public:
  std::string take() && { return std::move(text_); }

  // Prints `value` where the text ends with `lead` of a line: nothing, `key:` or `-`.
  void print(dom::element value, std::size_t indent, bool after_dash) {
    dom::object object;
    dom::array array;
    if (value.get(object) == simdjson::SUCCESS && object.begin() != object.end()) {
      print_object(object, indent, after_dash);
    } else if (value.get(array) == simdjson::SUCCESS && array.begin() != array.end()) {
      print_array(array, indent, after_dash);
    } else {
      std::string_view string;
      if (!text_.empty() && text_.back() != '\n') text_ += ' ';
      text_ += value.get(string) == simdjson::SUCCESS ? scalar(string) : simdjson::minify(value);
      text_ += '\n';
    }
  }

 private:
  // The first member of an object in a sequence stands behind its dash.
  void begin_line(std::size_t indent, bool& after_dash) {
    if (std::exchange(after_dash, false)) {
      text_ += ' ';
    } else {
      text_.append(indent, ' ');
    }
  }

  void end_lead(bool after_dash) {
    if (!after_dash && !text_.empty() && text_.back() != '\n') text_ += '\n';
  }

  void print_object(dom::object object, std::size_t indent, bool after_dash) {
    end_lead(after_dash);
    for (const auto [key, value] : object) {
      begin_line(indent, after_dash);
      text_.append(scalar(key)).append(":");
      print(value, indent + kStep, false);
    }
  }

  void print_array(dom::array array, std::size_t indent, bool after_dash) {
    end_lead(after_dash);
    for (const dom::element value : array) {
      begin_line(indent, after_dash);
      text_ += '-';
      print(value, indent + kStep, true);
    }
  }

  std::string text_;
};

}  // namespace

std::optional<std::string> json_to_yaml(std::string_view json) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
  Printer printer;
  printer.print(root, 0, false);
  return std::move(printer).take();
}

YamlOutput::~YamlOutput() {
  if (!line_.empty()) print_line();
}

bool YamlOutput::print_line() {
  const auto yaml = json_to_yaml(line_);
  if (!yaml) {
    out_ << line_ << '\n';
  } else {
    out_ << (std::exchange(is_first_, false) ? "" : "---\n") << *yaml;
  }
  line_.clear();
  return static_cast<bool>(out_);
}

YamlOutput::int_type YamlOutput::overflow(int_type symbol) {
  if (traits_type::eq_int_type(symbol, traits_type::eof())) return traits_type::not_eof(symbol);
  const char c = traits_type::to_char_type(symbol);
  if (c != '\n') {
    line_ += c;
  } else if (!print_line()) {
    return traits_type::eof();
  }
  return symbol;
}

std::streamsize YamlOutput::xsputn(const char* text, std::streamsize size) {
  for (std::streamsize i = 0; i < size; ++i) {
    if (traits_type::eq_int_type(overflow(traits_type::to_int_type(text[i])), traits_type::eof())) {
      return i;
    }
  }
  return size;
}

int YamlOutput::sync() { return out_.flush() ? 0 : -1; }

}  // namespace osproxy::cli
