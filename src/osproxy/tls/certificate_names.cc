#include "osproxy/tls/certificate_names.h"

#include <ctime>
#include <memory>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace osproxy {
namespace {

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

std::string text_of(const ASN1_STRING& value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&value)),
          static_cast<std::size_t>(ASN1_STRING_length(&value))};
}

}  // namespace

std::vector<std::string> alt_names(const x509_st& certificate, AltName kind) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type != static_cast<int>(kind)) continue;
    std::string name = text_of(*static_cast<const ASN1_STRING*>(value));
    // Code that uses C strings takes "good.example\0.evil.example" for another name.
    if (name.find('\0') == std::string::npos) found.push_back(std::move(name));
  }
  return found;
}

std::string common_name(const x509_st& certificate) {
  const X509_NAME* const subject = X509_get_subject_name(&certificate);
  int last = -1;
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) last = i;
  if (last < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return name;
}

std::chrono::sys_seconds not_after(const x509_st& certificate) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &fields) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&fields)));
}

}  // namespace osproxy
