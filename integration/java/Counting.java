// Counts by Java Kafka Streams, exactly once, that Millrace can take over and hand back. run-counting.ts starts it.
//
//   java -cp 'JARS/*' Counting.java BROKERS APPLICATION_ID STATE_DIR INPUT OUTPUT words|windows|closed-windows
//
// `words`: the words of lines. `windows`: records by key in windows of 10 s with 5 s grace; each update, or with `closed-windows` the final counts alone.
// Prints a line `state NAME` at each change of state. When stdin ends it commits, leaves the group and ends with 0; an error ends it with 1.
import static org.apache.kafka.streams.CloseOptions.GroupMembershipOperation.LEAVE_GROUP;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Arrays;
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
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.WindowStore;

public final class Counting {
    private static final Serde<String> STRING = Serdes.String();
    private static final Duration SIZE = Duration.ofSeconds(10);
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final Duration RETENTION = Duration.ofMinutes(2);

    public static void main(String[] args) throws Exception {
        PrintStream out = System.out;
        System.setOut(System.err); // what libraries print is not an answer
        Properties settings = new Properties();
        settings.putAll(Map.of(
            "bootstrap.servers", args[0],
            "application.id", args[1],
            "state.dir", args[2],
            "processing.guarantee", "exactly_once_v2",
            "commit.interval.ms", 100,
            "auto.offset.reset", "earliest",
            "session.timeout.ms", 10_000,
            "replication.factor", 1,
            // Internal: looks for closed windows with each record.
            "__emit.interval.ms.kstreams.windowed.aggregation__", 0L));
        KafkaStreams streams = new KafkaStreams(topology(args[3], args[4], args[5]), settings);
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

    private static Topology topology(String input, String output, String kind) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> source = builder.stream(input, Consumed.with(STRING, STRING));
        if (kind.equals("words")) {
            source
                .flatMapValues(line -> Arrays.asList(line.split(" ")))
                .groupBy((key, word) -> word, Grouped.with(STRING, STRING))
                .count(Materialized.as("counts"))
                .toStream()
                .to(output, Produced.with(STRING, Serdes.Long()));
            return builder.build();
        }
        var windowed = source
            .groupByKey(Grouped.with(STRING, STRING))
            .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE));
        var emitting = kind.equals("closed-windows") ? windowed.emitStrategy(EmitStrategy.onWindowClose()) : windowed;
        var counts = Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("counts").withRetention(RETENTION);
        // Its cache would look for the first closed window from the year 1970 on, minute by minute, with each record.
        if (kind.equals("closed-windows")) counts.withCachingDisabled();
        emitting
            .count(counts)
            .toStream()
            .to(output, Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, SIZE.toMillis()), Serdes.Long()));
        return builder.build();
    }
}
