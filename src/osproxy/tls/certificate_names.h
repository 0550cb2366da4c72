// The names in a certificate. Pure.
#pragma once

#include <chrono>
#include <string>
#include <vector>

struct x509_st;  // OpenSSL's X509

namespace osproxy {

/// Subject alternative names of one kind, in their order; such with a NUL in them are left out.
enum class AltName : int { Email = 1, Dns = 2, Uri = 6 };  // RFC 5280, section 4.2.1.6
std::vector<std::string> alt_names(const x509_st& certificate, AltName kind);

/// The subject's last common name, in UTF-8; empty if there is none.
std::string common_name(const x509_st& certificate);

/// The end of its validity.
std::chrono::sys_seconds not_after(const x509_st& certificate);

}  // namespace osproxy
