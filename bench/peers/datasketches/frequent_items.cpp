// Apache DataSketches' frequent items sketch, the C++ core, on std::string.
//
//   frequent_items ITEMS BUDGET SEED PARTS…
//
// reads items, one a line, and for each number of parts prints a JSON line; see
// "The contract of a sketch peer" in bench/README.md. SEED is ignored: this
// sketch has none.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "frequent_items_sketch.hpp"

using sketch = datasketches::frequent_items_sketch<std::string>;
using items = std::vector<std::string>;

constexpr size_t rounds = 3;      // at least, and as many more …
constexpr double round_time = 1;  // … as fit in so many seconds
constexpr double load = 0.75;  // of the table, before it is purged
constexpr size_t slot = sizeof(std::string) + sizeof(uint64_t) + sizeof(uint16_t);
constexpr size_t in_place = 15;  // bytes of a string that need no memory of their own

static size_t heap_bytes(size_t length) {
  return length <= in_place ? 0 : (length + 1 + 8 + 15) / 16 * 16;  // what malloc takes
}

// lg_size is the table size, a power of two, whose memory when full of this
// stream's items is nearest to the budget.
static uint8_t lg_size(size_t budget, const items& stream) {
  double keys = 0;
  for (const auto& item : stream) keys += heap_bytes(item.size());
  const double bytes = slot + load * keys / stream.size();
  return static_cast<uint8_t>(std::lround(std::log2(budget / bytes)));
}

// seconds is the median time of several rounds of f.
template <typename F>
static double seconds(F f) {
  std::vector<double> took;
  for (double total = 0; took.size() < rounds || total < round_time; total += took.back()) {
    const auto start = std::chrono::steady_clock::now();
    f();
    took.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

static sketch summarize(uint8_t lg, const items& stream, size_t part, size_t parts) {
  sketch s(lg);
  for (size_t i = stream.size() * part / parts; i < stream.size() * (part + 1) / parts; i++) s.update(stream[i]);
  return s;
}

static std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const unsigned char c : text) {
    char code[8];
    if (c == '"' || c == '\\') out += '\\';
    if (c < 0x20) {
      std::snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + '"';
}

static void report(const sketch& s, uint8_t lg, size_t parts, double add, double merge) {
  // Every retained item, not only those above the error.
  const auto rows = s.get_frequent_items(datasketches::NO_FALSE_NEGATIVES, 0);
  // The memory at its fullest: a purge may just have emptied half the table.
  double keys = 0;
  for (const auto& row : rows) keys += heap_bytes(row.get_item().size());
  const auto slots = static_cast<double>(1 << lg);
  const auto bytes = static_cast<size_t>(slots * (slot + load * keys / rows.size()));
  std::cout << "{\"parts\":" << parts << ",\"bytes\":" << bytes << ",\"add_seconds\":" << add
            << ",\"merge_seconds\":" << merge << ",\"bounds\":true,\"absent\":" << s.get_maximum_error()
            << ",\"rows\":[";
  const char* comma = "";
  for (const auto& row : rows) {
    std::cout << comma << "{\"item\":" << quoted(row.get_item()) << ",\"count\":" << row.get_estimate()
              << ",\"lower\":" << row.get_lower_bound() << ",\"upper\":" << row.get_upper_bound() << '}';
    comma = ",";
  }
  std::cout << "]}" << std::endl;
}

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: frequent_items ITEMS BUDGET SEED PARTS...\n";
    return 2;
  }
  items stream;
  std::ifstream file(argv[1]);
  for (std::string line; std::getline(file, line);) stream.push_back(line);
  if (stream.empty()) {
    std::cerr << "frequent_items: no items in " << argv[1] << '\n';
    return 1;
  }
  const auto lg = lg_size(std::strtoull(argv[2], nullptr, 10), stream);
  for (int arg = 4; arg < argc; arg++) {
    const size_t parts = std::strtoull(argv[arg], nullptr, 10);
    std::vector<sketch> summaries;
    const double add = seconds([&] {
      summaries.clear();
      for (size_t part = 0; part < parts; part++) summaries.push_back(summarize(lg, stream, part, parts));
    });
    sketch whole(lg);
    const double merge = seconds([&] {
      whole = sketch(lg);
      for (const auto& summary : summaries) whole.merge(summary);
    });
    report(parts == 1 ? summaries[0] : whole, lg, parts, add, merge);
  }
}
