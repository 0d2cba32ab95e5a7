package millrace.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Java's own clients in one round of bench/client.ts: what bench/client/measure.ts does, in the same order, each once
 * before it is timed. Batches end where the other clients' do; all else as the clients have it by default.
 */
public final class ClientBench {
  private static final int[] TRANSACTION_SIZES = {1, 100, 1_000};

  private final ClientOptions options;
  private final Payload[] pool = Payload.all();

  private ClientBench(ClientOptions options) {
    this.options = options;
  }

  /** Prints one JSON line. */
  public static void main(String[] args) {
    ClientBench bench = new ClientBench(ClientOptions.parse(args));
    double produce = bench.produce();
    Fetched fetched = bench.fetch();
    System.out.println(
        String.format(
            Locale.ROOT,
            "{\"produce\":%.0f,\"fetch\":%.0f,\"glances\":%d,\"transactions\":{%s}}",
            produce,
            fetched.rate(),
            fetched.glances(),
            String.join(",", bench.transactions())));
  }

  private double produce() {
    int warmUp = options.records() / 4;
    try (var producer = new KafkaProducer<byte[], byte[]>(producerConfig())) {
      send(producer, options.produceTo(), 0, warmUp);
      producer.flush();
      long startNanos = System.nanoTime();
      send(producer, options.produceTo(), warmUp, warmUp + options.records());
      producer.flush();
      return perSecond(startNanos, System.nanoTime());
    }
  }

  private void send(KafkaProducer<byte[], byte[]> producer, String topic, int from, int to) {
    for (int n = from; n < to; n++) {
      Payload payload = pool[n % pool.length];
      producer.send(new ProducerRecord<>(topic, n % options.partitions(), payload.key(), payload.value()));
    }
  }

  private record Fetched(double rate, int glances) {}

  private Fetched fetch() {
    try (var consumer = consumer()) {
      List<TopicPartition> partitions = IntStream.range(0, options.partitions())
          .mapToObj(partition -> new TopicPartition(options.fetchFrom(), partition))
          .toList();
      consumer.assign(partitions);
      fetchWhole(consumer, partitions);
      return fetchWhole(consumer, partitions);
    }
  }

  /** Timed from the first fetch to the last record. */
  private Fetched fetchWhole(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
    consumer.seekToBeginning(partitions);
    long startNanos = System.nanoTime();
    int count = 0;
    int glances = 0;
    while (count < options.records()) {
      var records = consumer.poll(Duration.ofSeconds(1));
      for (var record : records) glances += Payload.glance(record.value());
      count += records.count();
    }
    return new Fetched(perSecond(startNanos, System.nanoTime()), glances);
  }

  /** Milliseconds from the first send to the end of the commit, as members of a JSON object. */
  private List<String> transactions() {
    Map<String, Object> config = producerConfig();
    config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, options.id());
    var input = new TopicPartition(options.fetchFrom(), 0);
    List<String> results = new ArrayList<>();
    try (var producer = new KafkaProducer<byte[], byte[]>(config);
        var consumer = consumer()) {
      // Of a group without members, as with the other clients.
      ConsumerGroupMetadata group = consumer.groupMetadata();
      producer.initTransactions();
      int next = 0;
      for (int size : TRANSACTION_SIZES) {
        int warmUp = options.transactions() / 4;
        double[] times = new double[options.transactions()];
        for (int i = -warmUp; i < times.length; i++) {
          long startNanos = System.nanoTime();
          producer.beginTransaction();
          send(producer, options.transactTo(), next, next + size);
          next += size;
          producer.sendOffsetsToTransaction(Map.of(input, new OffsetAndMetadata(next)), group);
          producer.commitTransaction();
          if (i >= 0) times[i] = (System.nanoTime() - startNanos) / 1e6;
        }
        Arrays.sort(times);
        results.add(String.format(
            Locale.ROOT, "\"%d\":[%.2f,%.2f]", size, percentile(times, 50), percentile(times, 99)));
      }
    }
    return results;
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    Map<String, Object> config = Map.of(
        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers(),
        ConsumerConfig.GROUP_ID_CONFIG, options.id(),
        ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    var bytes = new ByteArrayDeserializer();
    return new KafkaConsumer<>(config, bytes, bytes);
  }

  private Map<String, Object> producerConfig() {
    return new HashMap<>(Map.of(
        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers(),
        ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class,
        ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class,
        ProducerConfig.COMPRESSION_TYPE_CONFIG, options.codec(),
        ProducerConfig.BATCH_SIZE_CONFIG, options.batchBytes(),
        ProducerConfig.ACKS_CONFIG, "all"));
  }

  private double perSecond(long startNanos, long endNanos) {
    return options.records() * 1e9 / (endNanos - startNanos);
  }

  /** Nearest rank, as in bench/statistics.ts. */
  private static double percentile(double[] ascending, int percent) {
    return ascending[Math.max((int) Math.ceil(percent / 100.0 * ascending.length) - 1, 0)];
  }
}
