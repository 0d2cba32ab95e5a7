package millrace.bench;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** The topics around a run: checked, made, read back and removed. */
final class Topics implements AutoCloseable {
  private final Options options;
  private final Admin admin;

  Topics(Options options) {
    this.options = options;
    this.admin = Admin.create(Map.of("bootstrap.servers", options.brokers()));
  }

  /** Fails unless the input holds the records that it should, or will get them; makes the output with as many partitions. */
  void prepare() throws Exception {
    String input = options.input();
    var description = admin.describeTopics(List.of(input)).allTopicNames().get().get(input);
    int partitions = description.partitions().size();
    long records = 0;
    try (var consumer = consumer(new StringDeserializer(), new StringDeserializer())) {
      var all = consumer.partitionsFor(input).stream()
          .map(info -> new TopicPartition(input, info.partition()))
          .toList();
      for (long end : consumer.endOffsets(all).values()) records += end;
      for (long begin : consumer.beginningOffsets(all).values()) records -= begin;
    }
    if (!options.live() && records != options.records()) {
      throw new IllegalStateException(
          "Topic " + input + " holds " + records + " records, --records says " + options.records());
    }
    admin.createTopics(List.of(new NewTopic(options.output(), partitions, (short) -1))).all().get();
  }

  /** Reads all that read_committed shows of a topic, by partition in order. */
  <V> void read(String topic, Deserializer<V> values, BiConsumer<String, V> each) {
    read(topic, new StringDeserializer(), values, each);
  }

  <V> void read(String topic, Deserializer<String> keys, Deserializer<V> values, BiConsumer<String, V> each) {
    try (var consumer = consumer(keys, values)) {
      var partitions = consumer.partitionsFor(topic).stream()
          .map(info -> new TopicPartition(topic, info.partition()))
          .collect(Collectors.toSet());
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        for (var record : consumer.poll(Duration.ofMillis(200))) each.accept(record.key(), record.value());
      }
    }
  }

  /** Removes the output and the internal topics of the run, and its group. */
  void remove() throws Exception {
    String prefix = options.applicationId() + "-";
    var ours = admin.listTopics().names().get().stream()
        .filter(name -> name.startsWith(prefix))
        .filter(name -> name.equals(options.output()) || name.matches(".*-(changelog|repartition|topic)"))
        .toList();
    admin.deleteTopics(ours).all().get();
    admin.deleteConsumerGroups(List.of(options.applicationId())).all().get();
  }

  private <V> KafkaConsumer<String, V> consumer(Deserializer<String> keys, Deserializer<V> values) {
    Map<String, Object> config = Map.of(
        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers(),
        ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    return new KafkaConsumer<>(config, keys, values);
  }

  @Override
  public void close() {
    admin.close();
  }
}
