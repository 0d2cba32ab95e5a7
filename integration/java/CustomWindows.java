// Records the golden cases `custom-windows-*`: subclasses of Windows in Java's TopologyTestDriver. tests/golden/topologies/custom-windows.ts has the same topologies.
//
//   java -cp 'JARS/*' CustomWindows.java FOLDER
//
// JARS are those of kafka-streams-test-utils (kafkaTestDriverJars() of ../broker/kafka-jars.ts). Writes FOLDER/NAME.json for each case; `gzip -n9` makes of it what tests/data/oracle has.
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.nio.file.Files;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.kstream.Windows;
import org.apache.kafka.streams.kstream.internals.TimeWindow;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.test.TestRecord;

public final class CustomWindows {
    private static final Serde<String> S = Serdes.String();
    private static final Serde<Long> L = Serdes.Long();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String APPLICATION = "oracle-app";

    /** Windows of 10, 20, 30… ms, one after the other. */
    private static final class Growing extends Windows<TimeWindow> {
        private final long grace;

        Growing(long grace) {
            this.grace = grace;
        }

        @Override
        public Map<Long, TimeWindow> windowsFor(long timestamp) {
            long start = 0;
            long size = 10;
            while (timestamp >= start + size) {
                start += size;
                size += 10;
            }
            return Map.of(start, new TimeWindow(start, start + size));
        }

        @Override
        public long size() {
            return 500;
        }

        @Override
        public long gracePeriodMs() {
            return grace;
        }
    }

    /** Of each 100 ms a window of the first 50, one of the first 20, which comes first, and one of 5 from 17 on; the rest is in none. */
    private static final class Overlapping extends Windows<TimeWindow> {
        @Override
        public Map<Long, TimeWindow> windowsFor(long timestamp) {
            long base = timestamp - timestamp % 100;
            Map<Long, TimeWindow> found = new LinkedHashMap<>();
            for (long[] each : new long[][] {{10, 30}, {0, 50}, {17, 22}}) {
                TimeWindow window = new TimeWindow(base + each[0], base + each[1]);
                if (timestamp >= window.start() && timestamp < window.end()) found.put(window.start(), window);
            }
            return found;
        }

        @Override
        public long size() {
            return 50;
        }

        @Override
        public long gracePeriodMs() {
            return 15;
        }
    }

    /** Windows of 40 ms that start 10 ms after the multiples of 40: tumbling ones with an offset. */
    private static final class Shifted extends Windows<TimeWindow> {
        @Override
        public Map<Long, TimeWindow> windowsFor(long timestamp) {
            long start = Math.max(0, Math.floorDiv(timestamp - 10, 40L) * 40 + 10);
            return Map.of(start, new TimeWindow(start, start == 0 ? 10 : start + 40));
        }

        @Override
        public long size() {
            return 40;
        }

        @Override
        public long gracePeriodMs() {
            return 20;
        }
    }

    private static KGroupedStream<String, String> grouped(StreamsBuilder b) {
        return b.stream("input", Consumed.with(S, S)).groupByKey(Grouped.with(S, S));
    }

    private static String named(Windowed<String> key) {
        return key.key() + "@" + key.window().start() + ".." + key.window().end();
    }

    public static void main(String[] args) throws Exception {
        File folder = new File(args[0]);
        record(folder, "custom-windows-growing", "Windows of 10, 20, 30… ms, counted.", b ->
            grouped(b).windowedBy(new Growing(8))
                .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("windowed").withKeySerde(S).withValueSerde(L))
                .toStream().to("output", Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 500L), L)));
        record(folder, "custom-windows-overlapping", "Windows that overlap and leave gaps, in an order of their own; results show start and end.", b ->
            grouped(b).windowedBy(new Overlapping())
                .reduce((x, y) -> x + y, Materialized.<String, String, WindowStore<Bytes, byte[]>>as("windowed").withKeySerde(S).withValueSerde(S))
                .toStream((key, value) -> named(key)).to("output", Produced.with(S, S)));
        record(folder, "custom-windows-suppress", "Windows of 10, 20, 30… ms, held back until they close.", b ->
            grouped(b).windowedBy(new Growing(8))
                .aggregate(() -> "", (k, v, a) -> a + v, Materialized.<String, String, WindowStore<Bytes, byte[]>>as("windowed").withKeySerde(S).withValueSerde(S))
                .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()).withName("final"))
                .toStream().to("output", Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 500L), S)));
        record(folder, "custom-windows-shifted", "Tumbling windows with an offset, of a cogroup, without names; their keys go through a repartition topic.", b ->
            grouped(b).<String>cogroup((k, v, a) -> a + v)
                .cogroup(b.stream("other", Consumed.with(S, S)).groupBy((k, v) -> v, Grouped.with(S, S)), (k, v, a) -> a + "-" + v)
                .windowedBy(new Shifted())
                .aggregate(() -> "", Materialized.<String, String, WindowStore<Bytes, byte[]>>with(S, S))
                .toStream()
                .repartition(Repartitioned.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 40L), S))
                // Not by its end: behind a topic Java takes size() for the length of all.
                .selectKey((key, value) -> key.key() + "@" + key.window().start())
                .groupByKey(Grouped.with(S, S))
                .count(Materialized.with(S, L))
                .toStream().to("output", Produced.with(S, L)));
        try {
            grouped(new StreamsBuilder()).windowedBy(new Growing(0)).emitStrategy(EmitStrategy.onWindowClose()).count();
            System.err.println("Java emits windows of a user's own when they close");
        } catch (IllegalArgumentException e) {
            System.err.println("as expected, of on-window-close: " + e.getMessage());
        }
    }

    private static void record(File folder, String name, String description, Consumer<StreamsBuilder> build) throws Exception {
        StreamsBuilder builder = new StreamsBuilder();
        build.accept(builder);
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, APPLICATION);
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
        config.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("custom-windows-").toString());
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
        Topology topology = builder.build(config);
        ObjectNode recorded = JSON.createObjectNode();
        recorded.put("name", name).put("category", "custom-windows").put("description", description).put("applicationId", APPLICATION);
        recorded.putObject("config");
        recorded.put("initialWallClockMs", 0);
        recorded.put("topologyDescription", topology.describe().toString());
        try (TopologyTestDriver driver = new TopologyTestDriver(topology, config, Instant.EPOCH)) {
            runSteps(driver, recorded, new Random(name.hashCode()), topology.describe().toString().contains("[other]"));
            ObjectNode stores = recorded.putObject("stores");
            for (String store : driver.getAllStateStores().keySet()) {
                if (driver.getTimestampedWindowStore(store) != null) entries(driver, store, stores.putObject(store));
            }
        }
        JSON.writerWithDefaultPrettyPrinter().writeValue(new File(folder, name + ".json"), recorded);
        System.err.println(name);
    }

    /** 60 records out of order, some with a null key or value, some late; a jump of time; one record more. */
    private static void runSteps(TopologyTestDriver driver, ObjectNode recorded, Random random, boolean hasOther) {
        ArrayNode steps = recorded.putArray("steps");
        ObjectNode outputs = recorded.putObject("outputs");
        long now = 0;
        for (int i = 0; i < 62; i++) {
            now += i == 60 ? 3_000 : random.nextInt(8);
            String topic = hasOther && random.nextInt(3) == 0 ? "other" : "input";
            String key = random.nextInt(15) == 0 ? null : String.valueOf((char) ('a' + random.nextInt(3)));
            String value = random.nextInt(15) == 0 ? null : topic.equals("other") ? String.valueOf((char) ('a' + random.nextInt(3))) : String.valueOf(i % 10);
            if (topic.equals("other") && value == null) value = "c"; // it becomes the key
            long timestamp = Math.max(0, now - (random.nextInt(3) == 0 ? random.nextInt(80) : 0));
            ObjectNode step = steps.addObject();
            step.put("op", "pipe").put("topic", topic).put("key", key).put("value", value).put("timestamp", timestamp);
            step.putArray("headers");
            step.put("keyBase64", base64(key)).put("valueBase64", base64(value));
            driver.createInputTopic(topic, new StringSerializer(), new StringSerializer()).pipeInput(key, value, timestamp);
            for (String produced : new TreeSet<>(driver.producedTopicNames())) {
                var reader = driver.createOutputTopic(produced, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                for (TestRecord<byte[], byte[]> each : reader.readRecordsToList()) describe(each, outputs.withArray("/" + produced).addObject().put("step", i));
            }
        }
    }

    private static void describe(TestRecord<byte[], byte[]> record, ObjectNode to) {
        to.put("timestamp", record.timestamp());
        ArrayNode headers = to.putArray("headers");
        for (Header header : record.headers()) headers.addObject().put("key", header.key()).put("valueBase64", base64(header.value()));
        to.put("keyBase64", base64(record.key())).put("valueBase64", base64(record.value()));
    }

    private static void entries(TopologyTestDriver driver, String store, ObjectNode to) {
        to.put("kind", "timestampedWindow").put("persistent", true);
        ArrayNode entries = to.putArray("entries");
        try (var all = driver.<String, Object>getTimestampedWindowStore(store).all()) {
            while (all.hasNext()) {
                var each = all.next();
                ObjectNode entry = entries.addObject().put("key", each.key.key()).put("start", each.key.window().start());
                entry.putObject("value").putPOJO("value", each.value.value()).put("timestamp", each.value.timestamp());
            }
        }
    }

    private static String base64(String text) {
        return text == null ? null : base64(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private static String base64(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }
}
