package millrace.bench;

import static org.apache.kafka.streams.CloseOptions.GroupMembershipOperation.LEAVE_GROUP;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.StateRestoreListener;

/**
 * {@code node bench/java/run.ts restore APPLICATION_ID STORE INPUT BROKERS}: what bench/restore/millrace.ts does, with the same changelog. The clock runs from the first
 * start of a restore to the last end of one. Prints one JSON line.
 */
public final class Restore implements StateRestoreListener {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final CountDownLatch running = new CountDownLatch(1);
  private long startNanos;
  private long startCpuNanos;
  private long endNanos;
  private long endCpuNanos;
  private long records;

  private Restore() {}

  public static void main(String[] args) throws Exception {
    Path stateDir = Files.createTempDirectory("millrace-bench-");
    new Restore().run(args[0], args[1], args[2], args[3], stateDir);
    try (Stream<Path> files = Files.walk(stateDir)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  private void run(String applicationId, String store, String input, String brokers, Path stateDir) throws Exception {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, applicationId);
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    config.put(StreamsConfig.STATE_DIR_CONFIG, stateDir.toString());
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    try (KafkaStreams streams = new KafkaStreams(topology(store, input), config)) {
      streams.setUncaughtExceptionHandler(error -> {
        error.printStackTrace();
        Runtime.getRuntime().halt(1);
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
      });
      streams.setGlobalStateRestoreListener(this);
      streams.setStateListener((now, before) -> {
        if (now == KafkaStreams.State.RUNNING) running.countDown();
      });
      streams.start();
      if (!running.await(600, TimeUnit.SECONDS)) throw new IllegalStateException("not running after 600 s");
      streams.close(CloseOptions.timeout(Duration.ofSeconds(60)).withGroupMembershipOperation(LEAVE_GROUP));
    }
    double seconds = (endNanos - startNanos) / 1e9;
    System.out.println(
        String.format(
            Locale.ROOT,
            "{\"client\":\"java-kafka-streams\",\"store\":\"%s\",\"records\":%d,\"seconds\":%.3f,"
                + "\"recordsPerSecond\":%.0f,\"cpuMicrosPerRecord\":%.2f}",
            store,
            records,
            seconds,
            records / seconds,
            (endCpuNanos - startCpuNanos) / 1e3 / records));
  }

  private static Topology topology(String store, String input) {
    StreamsBuilder builder = new StreamsBuilder();
    KGroupedStream<String, String> grouped =
        builder
            .stream(input, Consumed.with(Serdes.String(), Serdes.String()))
            .groupByKey(Grouped.with(Serdes.String(), Serdes.String()));
    switch (store) {
      case "key-value" -> grouped.count(Materialized.as("counts"));
      case "window" ->
          grouped
              .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofSeconds(10)))
              .count(Materialized.as("counts"));
      case "session" ->
          grouped
              .windowedBy(SessionWindows.ofInactivityGapWithNoGrace(Duration.ofSeconds(15)))
              .count(Materialized.as("counts"));
      default -> throw new IllegalArgumentException(store);
    }
    return builder.build();
  }

  @Override
  public synchronized void onRestoreStart(TopicPartition partition, String store, long from, long to) {
    if (startNanos != 0 || from >= to) return;
    startNanos = System.nanoTime();
    startCpuNanos = SYSTEM.getProcessCpuTime();
  }

  @Override
  public synchronized void onBatchRestored(TopicPartition partition, String store, long endOffset, long count) {
    records += count;
  }

  @Override
  public synchronized void onRestoreEnd(TopicPartition partition, String store, long total) {
    endNanos = System.nanoTime();
    endCpuNanos = SYSTEM.getProcessCpuTime();
  }
}
