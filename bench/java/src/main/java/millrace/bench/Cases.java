package millrace.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;

/** The topologies of bench/topologies.ts, verb for verb, and the functions in them. */
final class Cases {
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
      default -> throw new IllegalArgumentException(options.benchCase());
    }
    return builder.build();
  }

  static boolean accepts(String value) {
    return value.length() % 2 == 0;
  }

  static List<String> words(String line) {
    return Arrays.asList(line.toLowerCase(Locale.ROOT).split(" ", -1));
  }
}
