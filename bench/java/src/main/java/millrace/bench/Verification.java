package millrace.bench;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Compares the output with what the input says that it must be. */
final class Verification {
  private Verification() {}

  /**
   * @return the number of records in the output
   * @throws IllegalStateException if the output is wrong
   */
  static long outputRecords(Options options, Topics topics) {
    return switch (options.benchCase()) {
      case "pipe", "filter" -> records(options, topics);
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
