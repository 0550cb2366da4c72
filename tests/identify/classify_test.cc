#include "osproxy/identify/classify.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "osproxy/core/attribute_text.h"
#include "osproxy/core/random.h"

namespace osproxy {
namespace {

using enum Endpoint;

struct Case {
  std::string_view method;
  std::string_view target;
  Endpoint endpoint;
  std::string_view index = "";
};

void check(const Case& expected) {
  SCOPED_TRACE(std::string(expected.method) + " " + std::string(expected.target));
  std::string scratch;
  const Classification found = classify(expected.method, expected.target, scratch);
  EXPECT_EQ(to_string(found.endpoint), to_string(expected.endpoint));
  EXPECT_EQ(found.index, expected.index);
}

constexpr Case kDocuments[] = {
    {"POST", "/logs/_doc", IngestDoc, "logs"},
    {"POST", "/logs/_doc/", IngestDoc, "logs"},
    {"PUT", "/logs/_doc/1", IngestDoc, "logs"},
    {"POST", "/logs/_doc/1?refresh=true&routing=a", IngestDoc, "logs"},
    {"PUT", "/logs/_create/1", IngestDoc, "logs"},
    {"POST", "/logs/_create/1", IngestDoc, "logs"},
    {"POST", "/logs/_update/1", IngestDoc, "logs"},
    {"POST", "/logs/_doc/_search", IngestDoc, "logs"},
    {"POST", "/logs/_doc/a%2Fb", IngestDoc, "logs"},
    {"PUT", "/logs/_doc", Unknown, "logs"},
    {"PUT", "/logs/_update/1", Unknown, "logs"},
    {"POST", "/logs/_create", Unknown, "logs"},
    {"GET", "/logs/_create/1", Unknown, "logs"},
    {"PUT", "/logs/tweet/1", Unknown, "logs"},
    {"POST", "/logs/tweet/1/_update", Unknown, "logs"},
    {"PUT", "/logs/_doc/1/2", Unknown, "logs"},
    {"POST", "/_bulk", IngestBulk},
    {"PUT", "/_bulk?pipeline=p", IngestBulk},
    {"POST", "/logs/_bulk", IngestBulk, "logs"},
    {"PUT", "/logs/_bulk", IngestBulk, "logs"},
    {"POST", "/_bulk/stream", IngestBulk},
    {"POST", "/logs/_bulk/stream", IngestBulk, "logs"},
    {"GET", "/_bulk", Unknown},
    {"POST", "/logs/tweet/_bulk", Unknown, "logs"},
    {"POST", "/_reindex", IngestBulk},
    {"POST", "/_reindex?wait_for_completion=false", IngestBulk},
    {"POST", "/_reindex/n1:7/_rethrottle", Admin},
    {"POST", "/logs/_update_by_query", IngestBulk, "logs"},
    {"POST", "/_update_by_query/n1:7/_rethrottle", Admin},
    {"POST", "/_update_by_query", Unknown},
    {"GET", "/logs/_doc/1", GetById, "logs"},
    {"HEAD", "/logs/_doc/1", GetById, "logs"},
    {"GET", "/logs/_doc/_all", GetById, "logs"},
    {"GET", "/logs/_source/1", GetById, "logs"},
    {"HEAD", "/logs/_source/1?_source=a", GetById, "logs"},
    {"GET", "/logs/_termvectors", GetById, "logs"},
    {"POST", "/logs/_termvectors/1", GetById, "logs"},
    {"GET", "/logs/_doc", Unknown, "logs"},
    {"GET", "/_mget", MultiGet},
    {"POST", "/logs/_mget", MultiGet, "logs"},
    {"POST", "/_mtermvectors", MultiGet},
    {"GET", "/logs/_mtermvectors", MultiGet, "logs"},
    {"DELETE", "/_mget", Unknown},
    {"DELETE", "/logs/_doc/1", DeleteById, "logs"},
    {"DELETE", "/logs/_doc/1?version=2", DeleteById, "logs"},
    {"DELETE", "/logs/_doc", Unknown, "logs"},
    {"POST", "/logs/_delete_by_query", DeleteByQuery, "logs"},
    {"POST", "/logs-*,-logs-1/_delete_by_query", DeleteByQuery, "logs-*,-logs-1"},
    {"POST", "/_delete_by_query/n1:7/_rethrottle", Admin},
    {"POST", "/_delete_by_query", Unknown},
    {"GET", "/logs/_delete_by_query", Unknown, "logs"},
};

constexpr Case kSearches[] = {
    {"GET", "/_search", Search},
    {"POST", "/_search", Search},
    {"HEAD", "/_search", Search},
    {"POST", "/logs/_search", Search, "logs"},
    {"GET", "/logs/_search/", Search, "logs"},
    {"POST", "/a,b,c-*/_search?size=0", Search, "a,b,c-*"},
    {"POST", "/_all/_search", Search, "_all"},
    {"POST", "/*/_search", Search, "*"},
    {"POST", "/remote:logs/_search", Search, "remote:logs"},
    {"PUT", "/logs/_search", Unknown, "logs"},
    {"DELETE", "/logs/_search", Unknown, "logs"},
    {"GET", "/logs/tweet/_search", Unknown, "logs"},
    {"POST", "/_search/template", Search},
    {"GET", "/logs/_search/template", Search, "logs"},
    {"GET", "/logs/_explain/1", Search, "logs"},
    {"POST", "/logs/_explain/1", Search, "logs"},
    {"GET", "/_validate/query", Search},
    {"POST", "/logs/_validate/query?explain=true", Search, "logs"},
    {"POST", "/_rank_eval", Search},
    {"GET", "/logs/_rank_eval", Search, "logs"},
    {"POST", "/views/v1/_search", Search},
    {"POST", "/_msearch", MultiSearch},
    {"GET", "/logs/_msearch", MultiSearch, "logs"},
    {"POST", "/_msearch/template", MultiSearch},
    {"POST", "/logs/_msearch/template", MultiSearch, "logs"},
    {"GET", "/_count", Count},
    {"HEAD", "/_count", Count},
    {"POST", "/logs/_count", Count, "logs"},
    {"GET", "/logs/_count?q=a:b", Count, "logs"},
    {"POST", "/_search/scroll", Cursor},
    {"GET", "/_search/scroll", Cursor},
    {"DELETE", "/_search/scroll", Cursor},
    {"GET", "/_search/scroll/DXF1ZXJ5", Cursor},
    {"DELETE", "/_search/scroll/_all", Cursor},
    {"POST", "/logs/_search/point_in_time?keep_alive=1m", Cursor, "logs"},
    {"DELETE", "/_search/point_in_time", Cursor},
    {"GET", "/_search/point_in_time/_all", Cursor},
    {"DELETE", "/_search/point_in_time/_all", Cursor},
    {"POST", "/_search/point_in_time", Unknown},
    {"POST", "/_plugins/_sql", Search},
    {"POST", "/_plugins/_sql/_explain", Search},
    {"POST", "/_plugins/_sql/close", Cursor},
    {"GET", "/_plugins/_sql/stats", Admin},
    {"POST", "/_plugins/_ppl?format=csv", Search},
    {"POST", "/_opendistro/_sql", Search},
    {"POST", "/_plugins/_asynchronous_search", Search},
    {"GET", "/_plugins/_asynchronous_search/abc", Cursor},
    {"DELETE", "/_plugins/_asynchronous_search/abc", Cursor},
    {"GET", "/_plugins/_asynchronous_search/stats", Admin},
    {"GET", "/_field_caps?fields=*", Admin},
    {"POST", "/logs/_field_caps", Admin, "logs"},
    {"GET", "/_search_shards", Admin},
    {"POST", "/logs/_search_shards", Admin, "logs"},
    {"POST", "/_render/template", Admin},
    {"GET", "/_render/template/t1", Admin},
    {"GET", "/_search/pipeline", Admin},
    {"PUT", "/_search/pipeline/p", Admin},
    {"DELETE", "/_search/pipeline/p", Admin},
    {"PUT", "/_scripts/s", Admin},
    {"GET", "/_scripts/s", Admin},
    {"PUT", "/_scripts/s/score", Admin},
    {"POST", "/_scripts/painless/_execute", Admin},
    {"GET", "/_script_language", Admin},
};

constexpr Case kAdministration[] = {
    {"GET", "/", Admin},
    {"HEAD", "/", Admin},
    {"GET", "/?pretty", Admin},
    {"POST", "/", Unknown},
    {"PUT", "/logs", Admin, "logs"},
    {"PUT", "/logs/", Admin, "logs"},
    {"GET", "/logs", Admin, "logs"},
    {"HEAD", "/logs", Admin, "logs"},
    {"DELETE", "/logs-*", Admin, "logs-*"},
    {"DELETE", "/_all", Admin, "_all"},
    {"POST", "/logs", Unknown, "logs"},
    {"GET", "/_analyze", Admin},
    {"POST", "/logs/_analyze", Admin, "logs"},
    {"PUT", "/logs/_block/write", Admin, "logs"},
    {"POST", "/_cache/clear", Admin},
    {"POST", "/logs/_cache/clear", Admin, "logs"},
    {"PUT", "/logs/_clone/copy", Admin, "logs"},
    {"POST", "/logs/_shrink/small", Admin, "logs"},
    {"PUT", "/logs/_split/more", Admin, "logs"},
    {"POST", "/logs/_close", Admin, "logs"},
    {"POST", "/logs/_open", Admin, "logs"},
    {"GET", "/_flush", Admin},
    {"POST", "/logs/_flush", Admin, "logs"},
    {"POST", "/logs/_forcemerge?max_num_segments=1", Admin, "logs"},
    {"GET", "/logs/_refresh", Admin, "logs"},
    {"POST", "/logs/_rollover", Admin, "logs"},
    {"POST", "/logs/_rollover/logs-2", Admin, "logs"},
    {"GET", "/logs/_recovery", Admin, "logs"},
    {"GET", "/logs/_segments", Admin, "logs"},
    {"GET", "/_shard_stores", Admin},
    {"GET", "/_stats", Admin},
    {"GET", "/_stats/docs,store", Admin},
    {"GET", "/logs/_stats/docs", Admin, "logs"},
    {"GET", "/_resolve/index/logs-*", Admin, "logs-*"},
    {"GET", "/_mapping", Admin},
    {"PUT", "/logs/_mapping", Admin, "logs"},
    {"GET", "/logs/_mapping/field/a,b", Admin, "logs"},
    {"GET", "/_settings/index.*", Admin},
    {"PUT", "/logs/_settings", Admin, "logs"},
    {"GET", "/logs/_settings/index.number_of_shards", Admin, "logs"},
    {"POST", "/_aliases", Admin},
    {"GET", "/_alias/a", Admin},
    {"HEAD", "/_alias/a", Admin},
    {"PUT", "/logs/_alias/a", Admin, "logs"},
    {"DELETE", "/logs/_aliases/a", Admin, "logs"},
    {"PUT", "/_template/t", Admin},
    {"HEAD", "/_template/t", Admin},
    {"GET", "/_index_template", Admin},
    {"POST", "/_index_template/_simulate", Admin},
    {"POST", "/_index_template/_simulate_index/logs-1", Admin, "logs-1"},
    {"PUT", "/_component_template/c", Admin},
    {"GET", "/_data_stream", Admin},
    {"PUT", "/_data_stream/metrics", Admin, "metrics"},
    {"GET", "/_data_stream/_stats", Admin},
    {"GET", "/_data_stream/metrics/_stats", Admin, "metrics"},
    {"GET", "/_cat", Admin},
    {"GET", "/_cat/nodes", Admin},
    {"GET", "/_cat/indices", Admin},
    {"GET", "/_cat/indices/logs-*?v", Admin, "logs-*"},
    {"GET", "/_cat/count/logs", Admin, "logs"},
    {"GET", "/_cat/thread_pool/search", Admin},
    {"GET", "/_cat/pit_segments/_all", Admin},
    {"POST", "/_cat/indices", Unknown},
    {"GET", "/_list/indices/logs", Admin, "logs"},
    {"GET", "/_cluster/health", Admin},
    {"GET", "/_cluster/health/logs?level=shards", Admin, "logs"},
    {"GET", "/_cluster/state/metadata/logs", Admin, "logs"},
    {"GET", "/_cluster/stats/nodes/n1", Admin},
    {"PUT", "/_cluster/settings", Admin},
    {"POST", "/_cluster/reroute", Admin},
    {"GET", "/_cluster/pending_tasks", Admin},
    {"POST", "/_cluster/allocation/explain", Admin},
    {"PUT", "/_cluster/decommission/awareness/zone/a", Admin},
    {"PUT", "/_cluster/routing/awareness/zone/weights", Admin},
    {"POST", "/_cluster/voting_config_exclusions", Admin},
    {"GET", "/_nodes", Admin},
    {"GET", "/_nodes/_local/stats/indices/docs", Admin},
    {"GET", "/_nodes/hot_threads", Admin},
    {"POST", "/_nodes/reload_secure_settings", Admin},
    {"GET", "/_tasks", Admin},
    {"POST", "/_tasks/n1:7/_cancel", Admin},
    {"GET", "/_remote/info", Admin},
    {"POST", "/_remotestore/_restore", Admin},
    {"GET", "/_remotestore/stats/logs", Admin, "logs"},
    {"GET", "/_remotestore/stats/logs/0", Admin, "logs"},
    {"POST", "/_remotestore/_restore", Admin},
    {"GET", "/_aliases", Admin},
    {"GET", "/_ltr", Admin},
    {"POST", "/_ltr/_featureset/logs", Admin},
    {"POST", "/logs/ingestion/_pause", Admin, "logs"},
    {"GET", "/logs/ingestion/_state", Admin, "logs"},
    {"GET", "/_snapshot/r/s/logs/_status", Admin, "logs"},
    {"GET", "/_snapshot/r/s/_status", Admin},
    {"GET", "/_dangling", Admin},
    {"DELETE", "/_dangling/uuid?accept_data_loss=true", Admin},
    {"GET", "/_snapshot", Admin},
    {"PUT", "/_snapshot/repo/snap", Admin},
    {"POST", "/_snapshot/repo/snap/_restore", Admin},
    {"PUT", "/_snapshot/repo/snap/_clone/copy", Admin},
    {"GET", "/_ingest/pipeline", Admin},
    {"POST", "/_ingest/pipeline/p/_simulate", Admin},
    {"GET", "/_ingest/processor/grok", Admin},
    {"GET", "/_plugins/_security/api/roles/r", Admin},
    {"PATCH", "/_plugins/_security/api/roles/r", Admin},
    {"PUT", "/_plugins/_ism/policies/p", Admin},
    {"GET", "/_plugins/_ism/explain/logs", Admin, "logs"},
    {"GET", "/_plugins/_ism/explain", Admin},
    {"GET", "/_plugins/_knn/n1/stats", Admin},
    {"GET", "/_plugins/_knn/warmup/vectors", Admin, "vectors"},
    {"POST", "/_plugins/_ml/models/m/_predict", Admin},
    {"PUT", "/_plugins/_replication/follower/_start", Admin, "follower"},
    {"GET", "/_plugins/a/b/c/d/e/f/g/h/i/j", Admin},
    {"GET", "/_plugins", Unknown},
    {"GET", "/_insights/top_queries", Admin},
    {"GET", "/_wlm/query_group", Admin},
};

constexpr Case kNames[] = {
    // Words with a meaning elsewhere are indices here.
    {"POST", "/metrics/_search", Search, "metrics"},
    {"GET", "/metrics", Admin, "metrics"},
    {"PUT", "/admin/_doc/1", IngestDoc, "admin"},
    {"GET", "/admin/directives", Unknown, "admin"},
    {"GET", "/healthz", Admin, "healthz"},
    {"POST", "/views/_search", Search, "views"},
    {"POST", "/search/_search", Search, "search"},
    {"PUT", "/.kibana_1/_doc/1", IngestDoc, ".kibana_1"},
    // A name that begins with an underscore is no index.
    {"GET", "/_nonsense", Unknown},
    {"POST", "/_nonsense/_search", Unknown},
    {"POST", "/_search/_search", Unknown},
    {"POST", "/_all,logs/_search", Unknown},
    {"GET", "/_cat/indices/_nonsense", Unknown},
    {"GET", "/_allx", Unknown},
    {"GET", "/_SEARCH", Unknown},
    {"POST", "/logs/_Search", Unknown, "logs"},
    {"POST", "/logs/_search2", Unknown, "logs"},
    {"POST", "/logs/_searc", Unknown, "logs"},
    {"POST", "/logs/_nonsense", Unknown, "logs"},
    {"POST", "/LOGS/_search", Search, "LOGS"},
    // Methods are case-sensitive, and each path has its own.
    {"get", "/logs/_search", Unknown, "logs"},
    {"OPTIONS", "/logs/_search", Unknown, "logs"},
    {"PATCH", "/logs/_doc/1", Unknown, "logs"},
    {"TRACE", "/logs", Unknown, "logs"},
    {"", "/logs", Unknown, "logs"},
};

constexpr Case kSpellings[] = {
    // Slashes.
    {"POST", "//_search", Search},
    {"POST", "//logs/_search", Search, "logs"},
    {"POST", "/logs//_search", Search, "logs"},
    {"POST", "///logs///_search///", Search, "logs"},
    {"GET", "//", Admin},
    {"GET", "/logs/_doc//1", GetById, "logs"},
    {"GET", "/./logs", Unknown, "."},
    {"GET", "/logs/../_search", Unknown, "logs"},
    // Percent-encoding.
    {"POST", "/logs/%5Fsearch", Search, "logs"},
    {"POST", "/logs/%5fs%65arch", Search, "logs"},
    {"POST", "/%5Fsearch", Search},
    {"POST", "/%5Fsearch/scroll", Cursor},
    {"POST", "/%5Fnonsense/_search", Unknown},
    {"DELETE", "/%5Fall", Admin, "_all"},
    {"POST", "/l%6Fgs/_search", Search, "logs"},
    {"POST", "/l%6Fgs/%5Fnonsense", Unknown, "logs"},
    {"POST", "/a%2Cb%2c-c/_search", Search, "a,b,-c"},
    {"POST", "/%3Clogs-%7Bnow%2Fd%7D%3E/_search", Search, "<logs-{now/d}>"},
    {"POST", "/logs%2F_search", Unknown, "logs/_search"},
    {"GET", "/%2Flogs", Admin, "/logs"},
    {"POST", "/a+b/_search", Search, "a+b"},
    {"POST", "/a%2Bb/_search", Search, "a+b"},
    {"POST", "/a%20b/_search", Search, "a b"},
    {"POST", "/l%256Fgs/_search", Search, "l%6Fgs"},
    {"POST", "/%C3%BCber/_search", Search,
     "\xC3\xBC"
     "ber"},
    {"PUT", "/logs/_doc/%25", IngestDoc, "logs"},
    {"POST", "/logs%3F/_search", Search, "logs?"},
    // Invalid percent-encoding: OpenSearch serves no such path.
    {"POST", "/logs%/_search", Unknown},
    {"POST", "/logs%4/_search", Unknown},
    {"POST", "/logs%zz/_search", Unknown},
    {"POST", "/logs/_search%", Unknown},
    {"PUT", "/logs/_doc/100%", Unknown},
    {"PUT", "/logs/_doc/%4g", Unknown},
    {"POST", "/logs/_search?q=100%", Search, "logs"},
    // An attribute holds no control characters.
    {"POST", "/lo%0Ags/_search", Search},
    {"POST", "/%00/_search", Search},
    {"POST", "/logs%7F/_search", Search},
    {"POST", "/logs%1b[31m/_nonsense", Unknown},
    // Queries and fragments.
    {"POST", "/logs/_search?a=/_bulk", Search, "logs"},
    {"POST", "/_search?index=logs", Search, "logs"},
    {"POST", "/_search?size=0;index=logs-%2A&pretty", Search, "logs-*"},
    {"GET", "/_search?index=logs&index=other", Search, "other"},
    {"GET", "/_search?i%6Edex=logs", Search, "logs"},
    {"GET", "/_search?xindex=logs&index", Search},
    {"GET", "/_search?index=%zz", Search},
    {"GET", "/logs/_search?index=other", Search, "logs"},
    {"GET", "/_count?index=logs", Count, "logs"},
    {"POST", "/_bulk?index=logs", IngestBulk, "logs"},
    {"GET", "/_cat/indices?index=logs", Admin, "logs"},
    {"GET", "/_cluster/health?index=logs", Admin, "logs"},
    {"GET", "/_mapping/field/a?index=logs", Admin, "logs"},
    {"GET", "/?index=logs", Admin},
    {"POST", "/_search/scroll?index=logs", Cursor},
    {"GET", "/_nodes/stats?index=logs", Admin},
    {"POST", "/logs/_search#/_bulk", Search, "logs"},
    {"POST", "/logs/_search#?x", Search, "logs"},
    {"GET", "/logs?", Admin, "logs"},
    // Other forms of the target.
    {"POST", "http://search-1:9200/logs/_search?a=b", Search, "logs"},
    {"GET", "https://search-1", Admin},
    {"GET", "https://search-1?a=/b", Admin},
    {"GET", "/logs/_doc/http://x/y", Unknown, "logs"},
    {"OPTIONS", "*", Unknown},
    {"GET", "*", Unknown},
    {"CONNECT", "search-1:9200", Unknown},
    {"GET", "", Unknown},
    {"GET", "?a=b", Admin},
    {"GET", "logs/_search", Search, "logs"},
    {"GET", "_cluster/health?pretty", Admin},
    {"GET", "logs:9200/_search", Unknown},
};

TEST(Classify, KnowsDocumentRequests) { std::ranges::for_each(kDocuments, check); }
TEST(Classify, KnowsSearches) { std::ranges::for_each(kSearches, check); }
TEST(Classify, KnowsAdministration) { std::ranges::for_each(kAdministration, check); }
TEST(Classify, TellsIndicesFromReservedNames) { std::ranges::for_each(kNames, check); }
TEST(Classify, ReadsEverySpellingOfATarget) { std::ranges::for_each(kSpellings, check); }

TEST(Classify, LeavesOutAnIndexThatIsTooLong) {
  const std::string longest(kMaxAttributeBytes, 'a');
  check({"GET", "/" + longest, Admin, longest});
  check({"GET", "/" + longest + "a", Admin, ""});
  check({"GET", "/" + longest + "a/_nonsense", Unknown, ""});
}

TEST(Classify, BoundsTheIndexAfterDecoding) {
  std::string encoded = "/";
  for (std::size_t i = 0; i < kMaxAttributeBytes; ++i) encoded += "%61";
  check({"POST", encoded + "/_search", Search, std::string(kMaxAttributeBytes, 'a')});
  check({"POST", encoded + "b/_search", Search, ""});
}

TEST(Classify, DoesNotLetARequestGrowTheScratch) {
  std::string scratch;
  classify("GET", "/%61" + std::string(60'000, 'a') + "/%61" + std::string(60'000, 'a'), scratch);
  EXPECT_LE(scratch.capacity(), 4 * kMaxAttributeBytes);
}

TEST(Classify, LeavesTheScratchAloneIfNothingIsEncoded) {
  std::string scratch = "untouched";
  const std::string target = "/logs-2030/_search";
  const Classification found = classify("POST", target, scratch);
  EXPECT_EQ(scratch, "untouched");
  EXPECT_EQ(found.index.data(), target.data() + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(separator));
    if (!part.empty()) parts.push_back(part);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return parts;
}

/// The twin of the tree: it reads the table row by row. A row's rank says for each segment how
/// closely it matches: a literal ranks before a placeholder, and that before `{*}`.
class NaiveClassifier {
 public:
  Case classify(std::string_view method, std::string_view target) const {
    const auto segments = split(target, '/');
    Case best{method, target, Unknown};
    if (!segments.empty() && is_index(segments[0])) best.index = segments[0];
    std::string best_rank;
    for (const Route& route : route_table()) {
      const auto methods = split(route.methods, ',');
      if (std::ranges::find(methods, method) == methods.end()) continue;
      std::string_view index;
      const std::string rank = rank_of(split(route.path, '/'), segments, index);
      if (rank <= best_rank) continue;
      best_rank = rank;
      best.endpoint = route.endpoint;
      best.index = index;
    }
    return best;
  }

 private:
  static bool is_index(std::string_view name) { return name[0] != '_' || name == "_all"; }

  /// Empty if the row does not match.
  static std::string rank_of(const std::vector<std::string_view>& route,
                             const std::vector<std::string_view>& segments,
                             std::string_view& index) {
    std::string rank = "+";
    for (std::size_t i = 0; i < route.size(); ++i) {
      if (i >= segments.size()) return "";
      if (route[i] == "{*}") return rank + "0";
      if (route[i] == segments[i]) {
        rank += "2";
      } else if (route[i][0] == '{' && (route[i] != "{index}" || is_index(segments[i]))) {
        if (route[i] == "{index}") index = segments[i];
        rank += "1";
      } else {
        return "";
      }
    }
    return route.size() == segments.size() ? rank : "";
  }
};

TEST(Classify, AgreesWithTheTableReadRowByRow) {
  std::vector<std::string_view> words = {"logs", "a", "_all", "_x"};
  for (const Route& route : route_table()) {
    for (const auto segment : split(route.path, '/')) {
      if (segment[0] != '{') words.push_back(segment);
    }
  }
  const NaiveClassifier twin;
  const auto compare = [&](std::string_view target) {
    for (const auto method : {"GET", "POST", "PUT", "DELETE", "PATCH"}) {
      check(twin.classify(method, target));
    }
  };
  Random random(7);
  for (const Route& route : route_table()) {
    for (int round = 0; round < 8; ++round) {  // the row itself, then with random words in it
      std::string target;
      for (const auto segment : split(route.path, '/')) {
        const bool keep = segment[0] != '{' && random.below(6) != 0;
        target += "/" + std::string(keep ? segment : words[random.below(words.size())]);
      }
      if (random.below(6) == 0) target += "/" + std::string(words[random.below(words.size())]);
      compare(target.empty() ? "/" : target);
    }
  }
}

TEST(Classify, EveryRowOfTheTableIsReached) {
  for (const Route& route : route_table()) {
    std::string target;
    std::string_view index;
    for (const auto segment : split(route.path, '/')) {
      if (segment == "{index}") index = "some-index";
      const bool literal = segment[0] != '{';
      target += "/" + std::string(segment == "{index}" ? "some-index" : literal ? segment : "x");
    }
    if (target.empty()) target = "/";
    for (const auto method : split(route.methods, ',')) {
      check({method, target, route.endpoint, index});
    }
  }
}

/// `path` with the name of each placeholder in place of it.
std::string filled_in(std::string path) {
  std::erase_if(path, [](char c) { return c == '{' || c == '}'; });
  return path;
}

TEST(Classify, KnowsEachPathOfThePublishedSpecification) {
  std::ifstream file(OSPROXY_SOURCE_DIR "/tests/identify/opensearch_api.txt");
  std::string line;
  std::size_t paths = 0;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    ++paths;
    std::istringstream words(line);
    std::string method;
    std::string path;
    std::string endpoint;
    std::string index;
    words >> method >> path >> endpoint >> index;
    const std::string target = filled_in(path);
    std::string scratch;
    const Classification found = classify(method, target, scratch);
    EXPECT_EQ(to_string(found.endpoint), endpoint) << line;
    EXPECT_EQ(found.index, filled_in(index)) << line;
  }
  EXPECT_GT(paths, 700U);
}

TEST(Classify, TellsTheFormOfABody) {
  const auto form_of = [](std::string_view method, std::string_view target) {
    std::string scratch;
    return classify(method, target, scratch).form;
  };
  EXPECT_EQ(form_of("POST", "/_reindex?slices=2"), BodyForm::ByQuery);
  EXPECT_EQ(form_of("POST", "/logs/_update_by_query"), BodyForm::ByQuery);
  EXPECT_EQ(form_of("POST", "/logs/_delete_by_query"), BodyForm::ByQuery);
  EXPECT_EQ(form_of("POST", "/_reindex/n:1/_rethrottle"), BodyForm::Usual);
  EXPECT_EQ(form_of("POST", "/logs/_bulk/stream"), BodyForm::Stream);
  EXPECT_EQ(form_of("POST", "/logs/_bulk"), BodyForm::Usual);
  EXPECT_EQ(form_of("POST", "/logs/_doc/_reindex"), BodyForm::Usual);
}

}  // namespace
}  // namespace osproxy
