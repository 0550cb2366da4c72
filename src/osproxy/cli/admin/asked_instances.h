// The instances that a command has asked, and the reason for each that is missing in what it shows.
//
//   AskedInstances asked(access);
//   if (!responses[0]) asked.miss(0, responses[0].error());
//   if (asked.show(1, report.instance)) use(report);
//   print(asked.add_to(R"({"rows":[]})"));   // {"rows":[],"instances":[{"admin":…}]}
//
// Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "osproxy/cli/admin/admin_client.h"

namespace osproxy::cli {

class AskedInstances {
 public:
  /// In the order of `access`. All are missing until they are shown.
  explicit AskedInstances(const AdminAccess& access);

  /// The i-th is missing, because of `error`: for a person, with the instance.
  void miss(std::size_t i, std::string error) { all_[i].error = std::move(error); }

  /// The i-th has responded as the instance `name`. False: that is shown already, and must not
  /// count twice; it is missing now.
  bool show(std::size_t i, const std::string& name);

  /// Those of the missing ones.
  std::vector<std::string> errors() const;

  /// `[{"admin":"http://…","instance":"proxy-1","error":null},…]`; an address or a name that is not
  /// known is null.
  std::string to_json() const;

  /// `object`, a JSON object that is not empty, with `instances` as its last member.
  std::string add_to(std::string object) const;

 private:
  struct One {
    AdminInstance address;
    std::string name;   // empty: it is not shown
    std::string error;  // empty: it is
  };

  std::vector<One> all_;
};

}  // namespace osproxy::cli
