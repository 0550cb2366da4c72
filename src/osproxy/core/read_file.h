// Reads a small file whole: a token, a password, a certificate.
//
//   auto token = read_file("/etc/osproxy/token", 4096);
//   if (!token) fail("--token-file: the file " + token.error());
//
// The error is a clause: "cannot be read: No such file or directory", "has more than 4096 bytes".
// Blocks for as long as the file system does; of a pipe, at most two seconds for the next bytes.
// Thread safety: a free function.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace osproxy {

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t max_bytes);

}  // namespace osproxy
