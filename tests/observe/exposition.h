// Parses Prometheus' text exposition format as strictly as a scraper does.
#pragma once

#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace osproxy::test {

struct Exposition {
  std::map<std::string, std::string> types;  // by family
  std::map<std::string, double> samples;     // by `name{labels}`, as written

  double sample(const std::string& name) const {
    const auto found = samples.find(name);
    if (found != samples.end()) return found->second;
    ADD_FAILURE() << "no sample " << name;
    return std::numeric_limits<double>::quiet_NaN();
  }
};

inline std::string family_of(std::string sample, const std::map<std::string, std::string>& types) {
  sample = sample.substr(0, sample.find('{'));
  if (types.contains(sample)) return sample;
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (!sample.ends_with(suffix)) continue;
    const std::string family = sample.substr(0, sample.size() - suffix.size());
    const auto type = types.find(family);
    if (type != types.end() && type->second == "histogram") return family;
  }
  return {};
}

inline Exposition parse_exposition(const std::string& text) {
  Exposition result;
  std::set<std::string> helped;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, kind, name, type;
    if (line.starts_with("# HELP ")) {
      words >> hash >> kind >> name;
      EXPECT_TRUE(helped.insert(name).second) << "twice: " << line;
    } else if (line.starts_with("# TYPE ")) {
      words >> hash >> kind >> name >> type;
      EXPECT_TRUE(result.types.emplace(name, type).second) << "twice: " << line;
    } else {
      const std::size_t space = line.rfind(' ');
      name = line.substr(0, space);
      double value = 0;
      const char* const end = line.data() + line.size();
      const auto parsed = std::from_chars(line.data() + space + 1, end, value);
      EXPECT_TRUE(parsed.ec == std::errc() && parsed.ptr == end) << line;
      EXPECT_FALSE(family_of(name, result.types).empty()) << "no TYPE for " << line;
      EXPECT_TRUE(result.samples.emplace(name, value).second) << "twice: " << line;
    }
  }
  return result;
}

}  // namespace osproxy::test
