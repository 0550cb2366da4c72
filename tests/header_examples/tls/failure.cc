#include <openssl/ssl.h>

namespace osproxy {
void log(std::string_view slug);
void example(SSL* ssl) { EXAMPLE(1); }
}  // namespace osproxy
