// The kill test's application by Java Kafka Streams: exactly_once_v2, and all else as it is by default. application.ts is its twin, with the same arguments and lines.
//
//   java -cp 'CLASSES:JARS/*' KilledCounting NAME=VALUE…
//
// A groupInstanceId makes the member static; without one Java's members are dynamic, and a killed one is waited for until its session ends.
import java.io.PrintStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.StateRestoreListener;

public final class KilledCounting {
    private static final PrintStream OUT = System.out;

    public static void main(String[] args) throws Exception {
        System.setOut(System.err); // what libraries print is not an event
        Map<String, String> options = new HashMap<>();
        for (String arg : args) options.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        Properties settings = new Properties();
        settings.putAll(Map.of(
            "bootstrap.servers", options.get("brokers"),
            "application.id", options.get("applicationId"),
            "state.dir", options.get("stateDir"),
            "processing.guarantee", "exactly_once_v2",
            "auto.offset.reset", "earliest"));
        if (options.containsKey("groupInstanceId")) settings.put("group.instance.id", options.get("groupInstanceId"));
        AtomicBoolean first = new AtomicBoolean(true);
        StreamsBuilder builder = new StreamsBuilder();
        builder
            .stream(options.get("input"), Consumed.with(Serdes.String(), Serdes.ByteArray()))
            .peek((key, value) -> {
                if (first.getAndSet(false)) say("{\"event\":\"processing\",\"atMs\":%d}", System.currentTimeMillis());
            })
            .groupByKey(Grouped.with(Serdes.String(), Serdes.ByteArray()))
            .count(Materialized.as("counts"))
            .toStream()
            .to(options.get("output"), Produced.with(Serdes.String(), Serdes.Long()));
        run(new KafkaStreams(builder.build(), settings));
    }

    private static void run(KafkaStreams streams) throws Exception {
        streams.setStateListener((to, from) -> say("{\"event\":\"state\",\"state\":\"%s\",\"atMs\":%d}", to, System.currentTimeMillis()));
        streams.setGlobalStateRestoreListener(new Restores());
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        while (System.in.read() >= 0) {
            // until its end
        }
        streams.close();
        System.exit(0);
    }

    private static synchronized void say(String format, Object... values) {
        OUT.println(String.format(format, values));
        OUT.flush();
    }

    private static final class Restores implements StateRestoreListener {
        private final Map<TopicPartition, Long> begun = new ConcurrentHashMap<>();

        @Override
        public void onRestoreStart(TopicPartition partition, String store, long start, long end) {
            begun.put(partition, System.currentTimeMillis());
        }

        @Override
        public void onBatchRestored(TopicPartition partition, String store, long end, long count) {}

        @Override
        public void onRestoreEnd(TopicPartition partition, String store, long total) {
            long nowMs = System.currentTimeMillis();
            say(
                "{\"event\":\"restored\",\"partition\":%d,\"records\":%d,\"ms\":%d,\"atMs\":%d}",
                partition.partition(), total, nowMs - begun.get(partition), nowMs);
        }
    }
}
