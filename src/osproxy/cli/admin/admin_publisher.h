// Publishes through an instance's admin listener: to that instance's store, which with etcd is the
// store of the whole fleet.
//
// Thread safety: as DirectivePublisher.
#pragma once

#include <utility>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/store/publisher.h"

namespace osproxy::cli {

class AdminPublisher final : public DirectivePublisher {
 public:
  explicit AdminPublisher(AdminClient client) : client_(std::move(client)) {}

  std::expected<std::int64_t, PublishError> publish(std::string_view document,
                                                    std::optional<std::int64_t> expected_revision,
                                                    const ChangeNote& note) override;
  using DirectivePublisher::publish;
  std::expected<PublishedDocument, PublishError> read() override;

 private:
  PublishError publish_refusal(const AdminResponse& response,
                               std::optional<std::int64_t> expected_revision) const;

  const AdminClient client_;
};

}  // namespace osproxy::cli
