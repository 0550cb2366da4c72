#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/console/console_file.h"
#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

using test::call;
using test::get;
using test::header_of;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kBudget = 150 << 10;  // the promise for the whole console, compressed

std::string source_of(std::string_view name) {
  const std::filesystem::path root = OSPROXY_SOURCE_DIR;
  for (const char* folder : {"src/osproxy/console/assets", "third_party/console"}) {
    std::ifstream in(root / folder / name, std::ios::binary);
    if (in) return {std::istreambuf_iterator(in), {}};
  }
  ADD_FAILURE() << name << " has no source";
  return {};
}

std::string path_of(const console::ConsoleFile& file) {
  return std::string("/console/").append(file.name);
}

TEST(Console, FitsItsBudget) {
  std::size_t total = 0;
  for (const console::ConsoleFile& file : console::all_files()) total += file.gzip.size();
  EXPECT_GT(total, 10'000U);
  EXPECT_LE(total, kBudget);
}

TEST(Console, ServesEachFileAsItIsInTheSource) {
  test::Parts dependencies;
  for (const console::ConsoleFile& file : console::all_files()) {
    const std::string path = path_of(file);
    const Response response = call(dependencies.options, dependencies.view(), get(path));
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.content_type, file.content_type);
    EXPECT_EQ(response.body, source_of(file.name)) << path;
    EXPECT_EQ(header_of(response, "Content-Encoding"), "(none)");
  }
}

TEST(Console, ServesThePageAtTheRootWithoutAToken) {
  test::Parts dependencies;
  dependencies.options.roles = AdminRoles::of_token("0123456789abcdef");
  const Response response = call(dependencies.options, dependencies.view(), get("/"));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, StartsWith("<!doctype html>"));
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
}

TEST(Console, ForbidsAllThatItsPagesDoNotNeed) {
  test::Parts dependencies;
  for (const char* path : {"/", "/console/app.js", "/console/style.css"}) {
    const Response response = call(dependencies.options, dependencies.view(), get(path));
    EXPECT_EQ(header_of(response, "Content-Security-Policy"),
              "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
              "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    EXPECT_EQ(header_of(response, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(header_of(response, "Cross-Origin-Opener-Policy"), "same-origin");
    EXPECT_EQ(header_of(response, "Cache-Control"), "no-cache");
  }
}

TEST(Console, RefusesAPageWhoseNameWasMadeToResolveToIt) {
  test::Parts dependencies;
  Request request = get("/");
  request.host = "attacker.example:9901";
  const Response response = call(dependencies.options, dependencies.view(), request);
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("bad_host"));
}

TEST(Console, CompressesForClientsThatTakeGzip) {
  test::Parts dependencies;
  Request request = get("/console/app.js");
  const auto coding_for = [&](std::string_view accepted) {
    request.accept_encoding = accepted;
    const Response response = call(dependencies.options, dependencies.view(), request);
    EXPECT_EQ(header_of(response, "Vary"), "Accept-Encoding");
    return header_of(response, "Content-Encoding");
  };
  for (const char* yes : {"gzip", "GZIP", "br, gzip;q=0.5", "deflate , gzip , br"}) {
    EXPECT_EQ(coding_for(yes), "gzip") << yes;
  }
  for (const char* no : {"", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip2", "identity,", ",,;q=1"}) {
    EXPECT_EQ(coding_for(no), "(none)") << no;
  }
}

TEST(Console, SendsAFileAgainOnlyIfItHasChanged) {
  test::Parts dependencies;
  Request request = get("/console/app.js");
  const std::string plain =
      header_of(call(dependencies.options, dependencies.view(), request), "ETag");
  request.accept_encoding = "gzip";
  const std::string packed =
      header_of(call(dependencies.options, dependencies.view(), request), "ETag");
  EXPECT_NE(plain, packed);
  const auto status_for = [&](const std::string& tags) {
    request.if_none_match = tags;
    return call(dependencies.options, dependencies.view(), request).status;
  };
  EXPECT_EQ(status_for(packed), 304);
  EXPECT_EQ(status_for("\"a\", W/" + packed), 304);
  EXPECT_EQ(status_for(plain), 200);
  EXPECT_EQ(status_for("\"a\""), 200);
}

TEST(Console, HasNoOtherFiles) {
  test::Parts dependencies;
  for (const char* path : {"/console/", "/console/none.js", "/console/../app.js",
                           "/console/%61pp.js", "/console/LICENSE.htm", "/index.html"}) {
    const Response response = call(dependencies.options, dependencies.view(), get(path));
    EXPECT_EQ(response.status, 404) << path;
  }
}

}  // namespace
}  // namespace osproxy::admin
