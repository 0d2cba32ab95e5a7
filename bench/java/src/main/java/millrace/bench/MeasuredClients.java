package millrace.bench;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.processor.internals.DefaultKafkaClientSupplier;

/** The clients that Kafka Streams would make by itself, which also tell {@link Measurements} what goes through them. */
final class MeasuredClients extends DefaultKafkaClientSupplier {
  private final Measurements measurements;

  MeasuredClients(Measurements measurements) {
    this.measurements = measurements;
  }

  @Override
  public Consumer<byte[], byte[]> getConsumer(Map<String, Object> config) {
    return new MeasuredConsumer(config);
  }

  @Override
  public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
    return new MeasuredProducer(config);
  }

  private final class MeasuredConsumer extends KafkaConsumer<byte[], byte[]> {
    MeasuredConsumer(Map<String, Object> config) {
      super(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      ConsumerRecords<byte[], byte[]> records = super.poll(timeout);
      measurements.fetched(records);
      return records;
    }

    // The commit of at_least_once.
    @Override
    public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets) {
      long beganNanos = System.nanoTime();
      super.commitSync(offsets);
      measurements.committed(offsets, beganNanos);
    }
  }

  private final class MeasuredProducer extends KafkaProducer<byte[], byte[]> {
    private final Map<TopicPartition, OffsetAndMetadata> offsetsOfTransaction = new HashMap<>();
    private long commitBeganNanos;

    MeasuredProducer(Map<String, Object> config) {
      super(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
      measurements.sent(record.topic());
      return super.send(record, callback);
    }

    // The commit of exactly_once: from here to the end of commitTransaction.
    @Override
    public void sendOffsetsToTransaction(
        Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
      if (offsetsOfTransaction.isEmpty()) commitBeganNanos = System.nanoTime();
      super.sendOffsetsToTransaction(offsets, group);
      offsetsOfTransaction.putAll(offsets);
    }

    @Override
    public void commitTransaction() {
      super.commitTransaction();
      if (!offsetsOfTransaction.isEmpty()) measurements.committed(offsetsOfTransaction, commitBeganNanos);
      offsetsOfTransaction.clear();
    }
  }
}
