// The request's way to the node, as its record tells of it.
#include "osproxy/proxy/request_upload.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

class ProxyUpload : public ProxyTest {};

// The bytes of the next request were written over the head of this one before it was recorded.
TEST_F(ProxyUpload, IsRecordedBeforeAPipelinedRequestTakesItsPlace) {
  start();
  select_all(Level::Shape);
  RawConnection client = this->client();
  client.send(crlf("POST /orders/_search HTTP/1.1\nHost: h\nX-Request-Id: first\n"
                   "Content-Length: 65540\n\n") +
              gathered_part());
  RawConnection node = upstream.accept();
  node.read_head();
  node.expect(gathered_part());
  client.send("body" + crlf("GET /another-index/_count HTTP/1.1\nHost: another-host\n"
                            "X-Request-Id: second\nX-Filler: 0123456789012345678901234567\n\n"));
  node.expect("body");
  node.send(response("{}"));
  client.read_head();
  client.expect("{}");
  const Record record = recorder.await_records(1).at(0);
  EXPECT_EQ(record.request_id, "first");
  EXPECT_EQ(record.method, "POST");
  EXPECT_EQ(record.index, "orders");
}

}  // namespace
}  // namespace osproxy
