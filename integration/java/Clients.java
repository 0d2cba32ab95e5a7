// Kafka's own Java clients, told what to do by JSON lines on stdin; run.ts starts it and knows the lines.
//
//   java -cp 'JARS/*' Clients.java HOST:PORT,…
//
//   {"do":"produce","topic":…,"settings":{…},"records":[{"partition":0,"key":…,"value":…,"timestamp":…,"headers":[[name,value],…]},…],"end":"commit"}
//       The bytes are base64 or null. `end` is "none" (no transaction), "commit" or "abort". Answers {"done":n}.
//   {"do":"produce","topic":…,"settings":{…},"count":n,"end":…}
//       n records whose values are the numbers from 0, in partition 0.
//   {"do":"consume","topic":…}
//       Answers each record that a reader of committed transactions sees, by partition, as above with its offset, then {"done":n}.
//
// What fails answers {"error":…}, and the next line is read.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Clients {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long DEADLINE_NANOS = 60_000_000_000L;

    private final String brokers;
    private final PrintStream out;

    private Clients(String brokers, PrintStream out) {
        this.brokers = brokers;
        this.out = out;
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);
        System.setOut(System.err); // what libraries print is not an answer
        Clients clients = new Clients(args[0], out);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            clients.answer(JSON.readTree(line));
            out.flush();
        }
    }

    private void answer(JsonNode request) throws Exception {
        ObjectNode answer = JSON.createObjectNode();
        try {
            answer.put("done", request.get("do").asText().equals("produce") ? produce(request) : consume(request));
        } catch (Exception e) {
            e.printStackTrace();
            answer.put("error", e.toString());
        }
        out.println(JSON.writeValueAsString(answer));
    }

    private int produce(JsonNode request) throws Exception {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", brokers));
        request.get("settings").properties().forEach(each -> settings.put(each.getKey(), each.getValue().asText()));
        String end = request.get("end").asText();
        boolean transactional = !end.equals("none");
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            if (transactional) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            List<Future<RecordMetadata>> sent = send(producer, request);
            producer.flush();
            for (Future<RecordMetadata> each : sent) each.get();
            if (end.equals("commit")) producer.commitTransaction();
            if (end.equals("abort")) producer.abortTransaction();
            return sent.size();
        }
    }

    private static List<Future<RecordMetadata>> send(KafkaProducer<byte[], byte[]> producer, JsonNode request) {
        String topic = request.get("topic").asText();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        if (request.has("count")) {
            int count = request.get("count").asInt();
            for (int i = 0; i < count; i++) {
                byte[] value = Integer.toString(i).getBytes(StandardCharsets.US_ASCII);
                sent.add(producer.send(new ProducerRecord<>(topic, 0, null, value)));
            }
            return sent;
        }
        for (JsonNode each : request.get("records")) {
            Headers headers = new RecordHeaders();
            for (JsonNode header : each.get("headers")) headers.add(header.get(0).asText(), bytes(header.get(1)));
            int partition = each.get("partition").asInt();
            long timestamp = each.get("timestamp").asLong();
            byte[] key = bytes(each.get("key"));
            sent.add(producer.send(new ProducerRecord<>(topic, partition, timestamp, key, bytes(each.get("value")), headers)));
        }
        return sent;
    }

    private int consume(JsonNode request) throws Exception {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", brokers,
            "isolation.level", "read_committed",
            "max.partition.fetch.bytes", 32 << 20,
            "enable.auto.commit", false);
        int count = 0;
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(request.get("topic").asText()).stream()
                .map(each -> new TopicPartition(each.topic(), each.partition()))
                .sorted((a, b) -> Integer.compare(a.partition(), b.partition()))
                .toList();
            long deadline = System.nanoTime() + DEADLINE_NANOS;
            for (TopicPartition partition : partitions) {
                List<TopicPartition> only = List.of(partition);
                consumer.assign(only);
                consumer.seekToBeginning(only);
                long end = consumer.endOffsets(only).get(partition);
                while (consumer.position(partition) < end) {
                    if (System.nanoTime() > deadline) throw new IllegalStateException(partition + " stays at " + consumer.position(partition));
                    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                        out.println(JSON.writeValueAsString(describe(record)));
                        count++;
                    }
                }
            }
        }
        return count;
    }

    private static ObjectNode describe(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode described = JSON.createObjectNode();
        described.put("partition", record.partition());
        described.put("offset", record.offset());
        described.put("timestamp", record.timestamp());
        described.put("key", base64(record.key()));
        described.put("value", base64(record.value()));
        ArrayNode headers = described.putArray("headers");
        for (Header header : record.headers()) headers.addArray().add(header.key()).add(base64(header.value()));
        return described;
    }

    private static byte[] bytes(JsonNode text) {
        return text.isNull() ? null : Base64.getDecoder().decode(text.asText());
    }

    private static String base64(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }
}
