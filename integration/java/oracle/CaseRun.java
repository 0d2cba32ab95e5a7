import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Comparator;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/** Runs one case in TopologyTestDriver and writes down what comes of it. */
final class CaseRun {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode oneCase;
    private final ObjectNode result = JSON.createObjectNode();
    private final ObjectNode outputs = JSON.createObjectNode();
    /** Of records piped and produced, as text. */
    private final Set<String> keys = new TreeSet<>();
    private final Set<Long> times = new TreeSet<>();

    CaseRun(JsonNode oneCase) {
        this.oneCase = oneCase;
    }

    ObjectNode run() throws IOException {
        Path stateDir = Files.createTempDirectory("millrace-oracle-");
        try {
            Properties config = config(stateDir);
            Topology topology = new RandomTopology(config).build(oneCase.get("topology").get("nodes"));
            result.put("topologyDescription", topology.describe().toString());
            result.set("outputs", outputs);
            Instant start = Instant.ofEpochMilli(oneCase.get("initialWallClockMs").asLong());
            TopologyTestDriver driver = new TopologyTestDriver(topology, config, start);
            try {
                if (runSteps(driver)) result.set("stores", StoreEntries.all(driver, keys, times));
            } finally {
                close(driver);
            }
            return result;
        } finally {
            delete(stateDir);
        }
    }

    private Properties config(Path stateDir) {
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, oneCase.get("applicationId").asText());
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
        config.put(StreamsConfig.STATE_DIR_CONFIG, stateDir.toString());
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
        config.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, QuietRocks.class);
        // Results that wait come with the record that makes them due, not when a second has passed.
        config.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, 0L);
        config.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0L);
        // Without this fix Java merges repartitions across process() and processValues(), which Millrace never does.
        config.put(TopologyConfig.InternalConfig.ENABLE_PROCESS_PROCESSVALUE_FIX, true);
        oneCase.get("config").properties().forEach(each -> config.put(each.getKey(), each.getValue().asText()));
        return config;
    }

    /** Whether all of them could be done. */
    private boolean runSteps(TopologyTestDriver driver) {
        JsonNode steps = oneCase.get("steps");
        for (int step = 0; step < steps.size(); step++) {
            try {
                runStep(driver, steps.get(step));
            } catch (RuntimeException e) {
                result.put("failsAt", step);
                result.put("failure", e.toString());
                return false;
            }
            collect(driver, step);
        }
        return true;
    }

    private void runStep(TopologyTestDriver driver, JsonNode step) {
        if (step.get("op").asText().equals("advanceWallClock")) {
            driver.advanceWallClockTime(Duration.ofMillis(step.get("ms").asLong()));
            return;
        }
        Headers headers = new RecordHeaders();
        for (JsonNode each : step.get("headers")) headers.add(each.get("key").asText(), bytes(each.get("valueBase64")));
        TestRecord<byte[], byte[]> record = new TestRecord<>(
            bytes(step.get("keyBase64")), bytes(step.get("valueBase64")), headers, step.get("timestamp").asLong());
        saw(record.key());
        times.add(record.timestamp());
        driver.createInputTopic(step.get("topic").asText(), new ByteArraySerializer(), new ByteArraySerializer()).pipeInput(record);
    }

    private void collect(TopologyTestDriver driver, int step) {
        for (String topic : new TreeSet<>(driver.producedTopicNames())) {
            var records = driver.createOutputTopic(topic, new ByteArrayDeserializer(), new ByteArrayDeserializer()).readRecordsToList();
            for (TestRecord<byte[], byte[]> record : records) {
                saw(record.key());
                outputs.withArrayProperty(topic).add(described(step, record));
            }
        }
    }

    private void saw(byte[] key) {
        if (key != null) keys.add(new String(key, StandardCharsets.UTF_8));
    }

    private static ObjectNode described(int step, TestRecord<byte[], byte[]> record) {
        ObjectNode described = JSON.createObjectNode();
        described.put("step", step);
        described.put("timestamp", record.timestamp());
        ArrayNode headers = described.putArray("headers");
        for (Header header : record.headers()) headers.addObject().put("key", header.key()).put("valueBase64", base64(header.value()));
        described.put("keyBase64", base64(record.key()));
        described.put("valueBase64", base64(record.value()));
        return described;
    }

    // A task that failed may fail again as it closes.
    private void close(TopologyTestDriver driver) {
        try {
            driver.close();
        } catch (RuntimeException e) {
            if (!result.has("failsAt")) throw e;
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            paths.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    private static byte[] bytes(JsonNode text) {
        return text.isNull() ? null : Base64.getDecoder().decode(text.asText());
    }

    private static String base64(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }
}
