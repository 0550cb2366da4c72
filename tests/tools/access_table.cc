// Prints the table of docs/access.md.
#include "osproxy/admin/access_table.h"

#include <cstdio>

int main() {
  const std::string table = osproxy::admin::access_table_markdown();
  return std::fputs(table.c_str(), stdout) < 0 ? 1 : 0;
}
