package millrace.bench;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Compares the output with what the input says that it must be. */
final class Verification {
  private static final Deserializer<String> BYTES_AS_TEXT =
      (topic, bytes) -> new String(bytes, StandardCharsets.ISO_8859_1);

  private Verification() {}

  /**
   * @return the number of records in the output
   * @throws IllegalStateException if the output is wrong
   */
  static long outputRecords(Options options, Topics topics) {
    return switch (options.benchCase()) {
      case "pipe", "filter", "join" -> records(options, topics);
      case "window", "hopping", "session" -> sumOfCounts(options, topics);
      case "table-join", "fk-join" -> joined(options, topics);
      default -> finalCounts(options, topics);
    };
  }

  private static long records(Options options, Topics topics) {
    boolean filtered = options.benchCase().equals("filter");
    long[] expected = {0};
    topics.read(options.input(), new StringDeserializer(), (key, value) -> {
      if (!filtered || Cases.accepts(value)) expected[0]++;
    });
    long[] found = {0};
    topics.read(options.output(), new StringDeserializer(), (key, value) -> found[0]++);
    if (found[0] != expected[0]) {
      throw new IllegalStateException("The output has " + found[0] + " records instead of " + expected[0]);
    }
    return found[0];
  }

  /** Keys are compared by their bytes: they hold windows. */
  private static long sumOfCounts(Options options, Topics topics) {
    long[] outputRecords = {0};
    Map<String, Long> found = new HashMap<>();
    topics.read(options.output(), BYTES_AS_TEXT, new LongDeserializer(), (key, count) -> {
      outputRecords[0]++;
      if (count == null) found.remove(key);
      else found.put(key, count);
    });
    long windows = options.benchCase().equals("hopping") ? Cases.WINDOWS_PER_RECORD : 1;
    long expected = options.records() * windows;
    if (sum(found) != expected) {
      throw new IllegalStateException("The counts add up to " + sum(found) + " instead of " + expected);
    }
    return outputRecords[0];
  }

  /** Each key's last line, with the length of that of the key that it is joined with. */
  private static long joined(Options options, Topics topics) {
    boolean byForeignKey = options.benchCase().equals("fk-join");
    Map<String, String> lines = new HashMap<>();
    topics.read(options.input(), new StringDeserializer(), lines::put);
    Map<String, String> expected = new HashMap<>();
    lines.forEach((key, line) -> {
      String other = lines.get(byForeignKey ? Cases.foreignKey(line) : key);
      if (other != null) expected.put(key, Cases.withLength(line, other.length()));
    });
    long[] outputRecords = {0};
    Map<String, String> found = new HashMap<>();
    topics.read(options.output(), new StringDeserializer(), (key, result) -> {
      outputRecords[0]++;
      if (result == null) found.remove(key);
      else found.put(key, result);
    });
    if (!found.equals(expected)) {
      throw new IllegalStateException(
          "The joined table is wrong: " + found.size() + " keys, expected are " + expected.size());
    }
    return outputRecords[0];
  }

  private static long finalCounts(Options options, Topics topics) {
    Map<String, Long> expected = new HashMap<>();
    boolean ofWords = options.benchCase().equals("wordcount");
    topics.read(options.input(), new StringDeserializer(), (key, value) -> {
      if (ofWords) for (String word : Cases.words(value)) expected.merge(word, 1L, Long::sum);
      else expected.merge(key, 1L, Long::sum);
    });
    long[] outputRecords = {0};
    Map<String, Long> found = new HashMap<>();
    topics.read(options.output(), new LongDeserializer(), (key, count) -> {
      outputRecords[0]++;
      found.put(key, count);
    });
    if (!found.equals(expected)) {
      throw new IllegalStateException(
          "The final counts are wrong: " + sum(found) + " in sum over " + found.size() + " keys instead of "
              + sum(expected) + " over " + expected.size());
    }
    return outputRecords[0];
  }

  private static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
