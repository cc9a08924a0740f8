import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.datasketches.frequencies.ErrorType;
import org.apache.datasketches.frequencies.ItemsSketch;

/**
 * Apache DataSketches' frequent items sketch for Java, on String.
 *
 * <p>{@code FrequentItems ITEMS BUDGET SEED PARTS…} reads items, one a line, and for each number of
 * parts prints a JSON line; see "The contract of a sketch peer" in bench/README.md. SEED is ignored:
 * this sketch has none.
 */
final class FrequentItems {
  private static final int ROUNDS = 3; // at least, and as many more …
  private static final double ROUND_TIME = 1; // … as fit in so many seconds; as long to warm up
  private static final double LOAD = 0.75; // of the table, before it is purged
  private static final int SLOT = 4 + 8 + 2; // compressed reference, count, state

  private final byte[][] stream;
  private final int size;

  private FrequentItems(byte[][] stream, long budget) {
    this.stream = stream;
    double keys = Arrays.stream(stream).mapToLong(i -> stringBytes(i.length)).average().orElseThrow();
    // The power of two whose memory, when full of this stream's items, is nearest to the budget.
    double slots = budget / (SLOT + LOAD * keys);
    this.size = 1 << Math.round(Math.log(slots) / Math.log(2));
  }

  /** Memory of a Latin-1 String: the object, and its array in steps of 8. */
  private static long stringBytes(int length) {
    return 24 + (16 + length + 7) / 8 * 8;
  }

  /**
   * The stream as Strings, made anew for each round: a String remembers its hash, and one that was
   * counted before would be counted faster than any that just arrived.
   */
  private String[] fresh() {
    String[] items = new String[stream.length];
    for (int i = 0; i < items.length; i++) {
      items[i] = new String(stream[i], StandardCharsets.UTF_8);
    }
    return items;
  }

  private List<ItemsSketch<String>> summarize(String[] items, int parts) {
    List<ItemsSketch<String>> summaries = new ArrayList<>();
    for (long part = 0; part < parts; part++) {
      ItemsSketch<String> s = new ItemsSketch<>(size);
      int end = (int) (items.length * (part + 1) / parts);
      for (int i = (int) (items.length * part / parts); i < end; i++) {
        s.update(items[i]);
      }
      summaries.add(s);
    }
    return summaries;
  }

  private void run(int parts) {
    List<ItemsSketch<String>> summaries = List.of();
    ItemsSketch<String> whole = new ItemsSketch<>(size);
    List<Double> add = new ArrayList<>();
    List<Double> merge = new ArrayList<>();
    boolean warm = false;
    for (double total = 0; !warm || add.size() < ROUNDS || total < ROUND_TIME; ) {
      if (!warm && add.size() > 1 && total >= ROUND_TIME) {
        warm = true;
        total = 0;
        add.clear();
        merge.clear();
      }
      String[] items = fresh();
      System.gc();
      long start = System.nanoTime();
      summaries = summarize(items, parts);
      long added = System.nanoTime();
      whole = new ItemsSketch<>(size);
      for (ItemsSketch<String> summary : summaries) {
        whole.merge(summary);
      }
      long merged = System.nanoTime();
      add.add((added - start) / 1e9);
      merge.add((merged - added) / 1e9);
      total += (merged - start) / 1e9;
    }
    report(parts == 1 ? summaries.get(0) : whole, parts, median(add), median(merge));
  }

  private static double median(List<Double> took) {
    return took.stream().sorted().skip(took.size() / 2).findFirst().orElseThrow();
  }

  private void report(ItemsSketch<String> s, int parts, double add, double merge) {
    // Every retained item, not only those above the error.
    ItemsSketch.Row<String>[] rows = s.getFrequentItems(0, ErrorType.NO_FALSE_NEGATIVES);
    // The memory at its fullest: a purge may just have emptied half the table.
    double keys = Arrays.stream(rows)
        .mapToLong(row -> stringBytes(row.getItem().getBytes(StandardCharsets.UTF_8).length))
        .average()
        .orElse(0);
    long bytes = Math.round(size * (SLOT + LOAD * keys));
    StringBuilder out = new StringBuilder();
    out.append("{\"parts\":").append(parts).append(",\"bytes\":").append(bytes);
    out.append(",\"add_seconds\":").append(add).append(",\"merge_seconds\":").append(merge);
    out.append(",\"bounds\":true,\"absent\":").append(s.getMaximumError()).append(",\"rows\":[");
    String comma = "";
    for (ItemsSketch.Row<String> row : rows) {
      out.append(comma).append("{\"item\":").append(quoted(row.getItem()));
      out.append(",\"count\":").append(row.getEstimate());
      out.append(",\"lower\":").append(row.getLowerBound());
      out.append(",\"upper\":").append(row.getUpperBound()).append('}');
      comma = ",";
    }
    System.out.println(out.append("]}"));
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }

  /** The lines of a file as bytes, half the memory of Strings. */
  private static byte[][] lines(Path file) throws IOException {
    byte[] all = Files.readAllBytes(file);
    List<byte[]> lines = new ArrayList<>();
    for (int start = 0, i = 0; i < all.length; i++) {
      if (all[i] == '\n') {
        lines.add(Arrays.copyOfRange(all, start, i));
        start = i + 1;
      }
    }
    return lines.toArray(new byte[0][]);
  }

  public static void main(String[] args) throws IOException {
    if (args.length < 4) {
      System.err.println("usage: FrequentItems ITEMS BUDGET SEED PARTS...");
      System.exit(2);
    }
    FrequentItems peer = new FrequentItems(lines(Path.of(args[0])), Long.parseLong(args[1]));
    for (String parts : Arrays.asList(args).subList(3, args.length)) {
      peer.run(Integer.parseInt(parts));
    }
  }
}
