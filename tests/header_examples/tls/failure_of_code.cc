#include <openssl/ssl.h>

namespace osproxy {
struct Stream {
  SSL* native_handle();
};
void report(const TlsFault& fault);
void example(bool error, Stream stream, int code) { EXAMPLE(1); }
}  // namespace osproxy
