// Counts by Java Kafka Streams that Millrace can take over and hand back; integration/support/counting.ts counts the same. run-counting.ts starts it.
//
//   java -cp 'JARS/*' Counting.java NAME=VALUE…
//
// The names are those of CountingOptions, in counting-process.ts. Kind `words`: the words of lines. Kind `windowed`: records by key; in windows of 10 s with 5 s grace
// each update, the final counts alone, the same through suppress(); and in sessions that a gap of 1 s ends.
// Prints a line `state NAME` at each change of state. When stdin ends it commits, leaves the group and ends with 0; an error ends it with 1.
import static org.apache.kafka.streams.CloseOptions.GroupMembershipOperation.LEAVE_GROUP;
import static org.apache.kafka.streams.kstream.Suppressed.BufferConfig.unbounded;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.WindowStore;

public final class Counting {
    private static final Serde<String> STRING = Serdes.String();
    private static final Duration SIZE = Duration.ofSeconds(10);
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final Duration GAP = Duration.ofSeconds(1);
    private static final Duration RETENTION = Duration.ofMinutes(2);

    public static void main(String[] args) throws Exception {
        PrintStream out = System.out;
        System.setOut(System.err); // what libraries print is not an answer
        Map<String, String> options = new HashMap<>();
        for (String arg : args) options.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        int sessionTimeoutMs = Integer.parseInt(options.get("sessionTimeoutMs"));
        Properties settings = new Properties();
        settings.putAll(Map.of(
            "bootstrap.servers", options.get("brokers"),
            "application.id", options.get("applicationId"),
            "state.dir", options.get("stateDir"),
            "processing.guarantee", options.get("guarantee").equals("exactly_once") ? "exactly_once_v2" : "at_least_once",
            "commit.interval.ms", options.get("commitIntervalMs"),
            "statestore.cache.max.bytes", options.get("cacheBytes"),
            "auto.offset.reset", "earliest",
            "replication.factor", 1));
        settings.putAll(Map.of(
            "session.timeout.ms", sessionTimeoutMs,
            "heartbeat.interval.ms", sessionTimeoutMs / 3,
            "producer.transaction.timeout.ms", options.get("transactionTimeoutMs"),
            // Internal: looks for closed windows with each record.
            "__emit.interval.ms.kstreams.windowed.aggregation__", 0L));
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> source = builder.stream(options.get("input"), Consumed.with(STRING, STRING));
        if (options.get("kind").equals("words")) countWords(source, options.get("output"));
        else countInWindows(source.groupByKey(Grouped.with(STRING, STRING)), options.get("output"));
        run(builder.build(), settings, out);
    }

    private static void run(Topology topology, Properties settings, PrintStream out) throws Exception {
        KafkaStreams streams = new KafkaStreams(topology, settings);
        streams.setStateListener((to, from) -> {
            out.println("state " + to);
            out.flush();
        });
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        while (System.in.read() >= 0) {
            // until its end
        }
        boolean closed = streams.close(CloseOptions.timeout(Duration.ofSeconds(30)).withGroupMembershipOperation(LEAVE_GROUP));
        System.exit(closed ? 0 : 1);
    }

    private static void countWords(KStream<String, String> lines, String output) {
        lines
            .flatMapValues(line -> Arrays.asList(line.split(" ")))
            .groupBy((key, word) -> word, Grouped.with(STRING, STRING))
            .count(Materialized.as("counts"))
            .toStream()
            .to(output, Produced.with(STRING, Serdes.Long()));
    }

    private static void countInWindows(KGroupedStream<String, String> records, String output) {
        TimeWindows windows = TimeWindows.ofSizeAndGrace(SIZE, GRACE);
        Produced<Windowed<String>, Long> timed = Produced.with(
            WindowedSerdes.timeWindowedSerdeFrom(String.class, SIZE.toMillis()), Serdes.Long());
        records.windowedBy(windows).count(kept("updates")).toStream().to(output + "-updates", timed);
        records
            .windowedBy(windows)
            .emitStrategy(EmitStrategy.onWindowClose())
            // A cache would look for the first closed window from the year 1970 on, minute by minute, with each record.
            .count(kept("closed").withCachingDisabled())
            .toStream()
            .to(output + "-closed", timed);
        records
            .windowedBy(windows)
            .count(kept("suppressed"))
            .suppress(Suppressed.untilWindowCloses(unbounded()))
            .toStream()
            .to(output + "-suppressed", timed);
        records
            .windowedBy(SessionWindows.ofInactivityGapAndGrace(GAP, GRACE))
            .count(Materialized.<String, Long, SessionStore<Bytes, byte[]>>as("sessions"))
            .toStream()
            .to(output + "-sessions", Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), Serdes.Long()));
    }

    private static Materialized<String, Long, WindowStore<Bytes, byte[]>> kept(String store) {
        return Materialized.<String, Long, WindowStore<Bytes, byte[]>>as(store).withRetention(RETENTION);
    }
}
