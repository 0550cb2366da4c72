// Reads the names and the end of validity of a certificate. Pure.
//
//   const std::string principal = common_name(certificate);
//   for (const std::string& name : alt_names(certificate, AltName::Dns)) print(name);
#pragma once

#include <chrono>
#include <string>
#include <vector>

struct x509_st;  // OpenSSL's X509

namespace osproxy {

enum class AltName : int { Email = 1, Dns = 2, Uri = 6 };  // RFC 5280, section 4.2.1.6

/// The subject alternative names of one kind, in their order. Names with a NUL are left out.
std::vector<std::string> alt_names(const x509_st& certificate, AltName kind);

/// The subject's last common name, in UTF-8; empty if there is none.
std::string common_name(const x509_st& certificate);

/// The end of the certificate's validity.
std::chrono::sys_seconds not_after(const x509_st& certificate);

}  // namespace osproxy
