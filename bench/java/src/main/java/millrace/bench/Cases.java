package millrace.bench;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** The topologies of bench/topologies.ts, verb for verb, and the functions in them. */
final class Cases {
  /** As in bench/topics.ts. */
  private static final int KEYS = 10_007;

  private static final Duration WINDOW = Duration.ofSeconds(10);
  private static final Duration ADVANCE = Duration.ofSeconds(2);
  private static final Duration GAP = Duration.ofSeconds(15);
  private static final Duration JOIN = Duration.ofMillis(5);

  /** How many windows of {@code hopping} each record is in. */
  static final long WINDOWS_PER_RECORD = WINDOW.dividedBy(ADVANCE);

  private Cases() {}

  static Topology topology(Options options) {
    Serde<String> string = Serdes.String();
    Produced<String, String> strings = Produced.with(string, string);
    Produced<String, Long> counts = Produced.with(string, Serdes.Long());
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, String> input = builder.stream(options.input(), Consumed.with(string, string));
    switch (options.benchCase()) {
      case "pipe" -> input.to(options.output(), strings);
      case "filter" ->
          input
              .filter((key, value) -> accepts(value))
              .mapValues(value -> value.toUpperCase(Locale.ROOT))
              .to(options.output(), strings);
      case "count" ->
          input
              .groupByKey(Grouped.with(string, string))
              .count()
              .toStream()
              .to(options.output(), counts);
      case "wordcount" ->
          input
              .flatMapValues(Cases::words)
              .groupBy((key, word) -> word, Grouped.with(string, string))
              .count()
              .toStream()
              .to(options.output(), counts);
      case "window" ->
          grouped(input)
              .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW))
              .count()
              .toStream()
              .to(options.output(), windowCounts());
      case "hopping" ->
          grouped(input)
              .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW).advanceBy(ADVANCE))
              .count()
              .toStream()
              .to(options.output(), windowCounts());
      case "session" ->
          grouped(input)
              .windowedBy(SessionWindows.ofInactivityGapWithNoGrace(GAP))
              .count()
              .toStream()
              .to(
                  options.output(),
                  Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), Serdes.Long()));
      case "join" ->
          input
              .join(
                  input,
                  (left, right) -> left + right,
                  JoinWindows.ofTimeDifferenceWithNoGrace(JOIN),
                  StreamJoined.with(string, string, string))
              .to(options.output(), strings);
      case "table-join" ->
          lines(input).join(lengths(input), Cases::withLength).toStream().to(options.output(), strings);
      case "fk-join" ->
          lines(input)
              .join(lengths(input), Cases::foreignKey, Cases::withLength, Materialized.with(string, string))
              .toStream()
              .to(options.output(), strings);
      default -> throw new IllegalArgumentException(options.benchCase());
    }
    return builder.build();
  }

  private static KGroupedStream<String, String> grouped(KStream<String, String> input) {
    return input.groupByKey(Grouped.with(Serdes.String(), Serdes.String()));
  }

  private static Produced<Windowed<String>, Long> windowCounts() {
    return Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, WINDOW.toMillis()), Serdes.Long());
  }

  /** Each key's last line, and in the other table how long it is. */
  private static KTable<String, String> lines(KStream<String, String> input) {
    return input.toTable(Materialized.with(Serdes.String(), Serdes.String()));
  }

  private static KTable<String, Long> lengths(KStream<String, String> input) {
    return input.mapValues(line -> (long) line.length()).toTable(Materialized.with(Serdes.String(), Serdes.Long()));
  }

  /** The key whose length a line is joined with: any of all keys. */
  static String foreignKey(String line) {
    return "key-" + Math.floorMod(line.hashCode(), KEYS);
  }

  static String withLength(String line, long length) {
    return line + ":" + length;
  }

  static boolean accepts(String value) {
    return value.length() % 2 == 0;
  }

  static List<String> words(String line) {
    return Arrays.asList(line.toLowerCase(Locale.ROOT).split(" ", -1));
  }
}
