// Records for tests.
#pragma once

#include <string>

#include "osproxy/record/record.h"

namespace osproxy::test {

inline WallTime at_second(int second) {
  return WallTime(std::chrono::seconds(1'900'000'000 + second));
}

inline Record make_record(std::string request_id, int second = 0) {
  Record record;
  record.request_id = std::move(request_id);
  record.level = Level::Shape;
  record.started = at_second(second);
  record.endpoint = Endpoint::Search;
  record.method = "POST";
  record.protocol = "HTTP/1.1";
  record.status = 200;
  return record;
}

}  // namespace osproxy::test
