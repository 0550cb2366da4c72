#include "osproxy/cli/admin/asked_instances.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/core/json_writer.h"

namespace osproxy::cli {

AskedInstances::AskedInstances(const AdminAccess& access) {
  all_.reserve(access.instances.size());
  for (const AdminInstance& one : access.instances) {
    all_.push_back({.address = one, .name = {}, .error = {}});
  }
}

bool AskedInstances::show(std::size_t i, const std::string& name) {
  const auto is_shown = [&name](const One& one) { return one.error.empty() && one.name == name; };
  const bool is_new =
      std::ranges::none_of(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(i), is_shown);
  all_[i].name = name;
  if (!is_new) {
    all_[i].error = fmt::format("{} is {}, which was asked already", all_[i].address.to_string(),
                                printable(name));
  }
  return is_new;
}

std::vector<std::string> AskedInstances::errors() const {
  std::vector<std::string> errors;
  for (const One& one : all_) {
    if (!one.error.empty()) errors.push_back(one.error);
  }
  return errors;
}

std::string AskedInstances::to_json() const {
  JsonWriter json;
  json.begin_array();
  for (const One& one : all_) {
    json.begin_object().field_or_null("admin", one.address.url());
    json.field_or_null("instance", one.name.empty() ? one.address.name : one.name);
    json.field_or_null("error", one.error).end_object();
  }
  json.end_array();
  return std::move(json).take();
}

std::string AskedInstances::add_to(std::string object) const {
  object.pop_back();  // the brace that closes it
  return object.append(",\"instances\":").append(to_json()).append("}");
}

}  // namespace osproxy::cli
