// The document applier, step by step.
#include "osproxy/etcd/etcd_document_applier.h"

#include <chrono>
#include <memory>

#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "tests/etcd/fake_transport.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;

class EtcdDocumentApplierTest : public ::testing::Test {
 protected:
  /// A full read brings it, so that it is withheld.
  void read_one_by_hand() {
    applier_.take(Apply{.revision = 5,
                        .value = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60}]})"},
                  machine_);
    ASSERT_TRUE(applier_.is_holding());
  }

  const EtcdStoreOptions options_;
  const WatchStatus machine_{.seen = 6, .cluster_id = 1};
  ManualClock clock_;
  FakeTransport transport_{std::make_shared<FakePeer>()};
  EtcdDocumentApplier applier_{options_, clock_, transport_, nullptr, Random(1)};
};

// The rejection was forgotten once an anchor, or the lack of one, had published the set again.
TEST_F(EtcdDocumentApplierTest, RemembersARejectionWhileWithheldDirectivesAreReleased) {
  read_one_by_hand();
  applier_.take(Apply{.revision = 6, .value = "nonsense", .from_watch = true}, machine_);
  clock_.advance(1s);
  applier_.time_passed();
  EXPECT_EQ(applier_.cell().load()->directives().size(), 1u);
  ASSERT_TRUE(applier_.rejected());
  EXPECT_EQ(applier_.rejected()->revision, 6);

  applier_.take(Apply{.revision = 7, .value = R"({"directives":[]})", .from_watch = true},
                machine_);
  EXPECT_FALSE(applier_.rejected());
}

// Its life began at its release then, up to a second late.
TEST_F(EtcdDocumentApplierTest, BeginsAWithheldLifeAtTheFirstSightThoughTheClockIsSetBack) {
  const BootTime end = clock_.now().boot + 60s;
  read_one_by_hand();
  clock_.jump_wall(-10s);
  clock_.advance(1s);
  applier_.time_passed();
  const auto set = applier_.cell().load();
  ASSERT_EQ(set->directives().size(), 1u);
  EXPECT_EQ(set->directives()[0].life.boot_end, end);
}

}  // namespace
}  // namespace osproxy::etcd
