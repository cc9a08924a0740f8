import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.datasketches.common.ArrayOfStringsSerDe;
import org.apache.datasketches.frequencies.ErrorType;
import org.apache.datasketches.frequencies.ItemsSketch;
import org.apache.datasketches.memory.Memory;

/**
 * Answers questions about frequent-strings sketches with Apache DataSketches' Java library.
 *
 * <p>A question is a line, its answer another: see SketchLibrary in datasketches.go.
 */
final class FrequentStrings {
  private static final String ABSENT = "no item of a sample";

  private static ItemsSketch<String> build(String[] words) {
    ItemsSketch<String> sketch = empty(words[1]);
    for (int i = 2; i < words.length; i++) {
      String[] pair = words[i].split(":");
      sketch.update(new String(bytes(pair[0]), StandardCharsets.UTF_8), Long.parseLong(pair[1]));
    }
    return sketch;
  }

  private static ItemsSketch<String> merge(String[] words) {
    ItemsSketch<String> merged = empty(words[1]);
    for (int i = 2; i < words.length; i++) {
      merged.merge(read(words[i]));
    }
    return merged;
  }

  private static ItemsSketch<String> read(String sketch) {
    return ItemsSketch.getInstance(Memory.wrap(bytes(sketch)), new ArrayOfStringsSerDe());
  }

  private static ItemsSketch<String> empty(String size) {
    return new ItemsSketch<>(1 << Integer.parseInt(size));
  }

  private static byte[] bytes(String text) {
    return Base64.getDecoder().decode(text);
  }

  private static String text(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static String bounds(ItemsSketch<String> sketch, String item) {
    return sketch.getEstimate(item) + ":" + sketch.getLowerBound(item) + ":" + sketch.getUpperBound(item);
  }

  private static String answer(String[] words) {
    ItemsSketch<String> sketch =
        switch (words[0]) {
          case "build" -> build(words);
          case "merge" -> merge(words);
          default -> read(words[1]);
        };
    StringBuilder said = new StringBuilder();
    said.append(sketch.getStreamLength());
    said.append(' ').append(text(sketch.toByteArray(new ArrayOfStringsSerDe())));
    said.append(' ').append(bounds(sketch, ABSENT));
    for (ItemsSketch.Row<String> row : sketch.getFrequentItems(ErrorType.NO_FALSE_NEGATIVES)) {
      said.append(' ').append(text(row.getItem().getBytes(StandardCharsets.UTF_8)));
      said.append(':').append(bounds(sketch, row.getItem()));
    }
    return said.toString();
  }

  public static void main(String[] args) throws IOException {
    BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      answers.println(answer(line.split(" ")));
    }
    answers.flush();
  }
}
