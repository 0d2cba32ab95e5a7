package millrace.bench;

import static org.apache.kafka.streams.CloseOptions.GroupMembershipOperation.LEAVE_GROUP;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** Runs one case once, verifies its output, and prints one JSON line. Exit code 1: the run failed, 2: usage. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException error) {
      System.err.println(error.getMessage() + "\n" + Options.USAGE);
      System.exit(2);
      return;
    }
    try (Topics topics = new Topics(options)) {
      topics.prepare();
      Measurements measurements = new Measurements(options.input(), options.records());
      StreamsConfig config = new StreamsConfig(config(options));
      double startSeconds = run(options, config, measurements);
      long peakRssMiB = peakRssMiB();
      long outputRecords = Verification.outputRecords(options, topics);
      topics.remove();
      System.out.println(json(options, config, measurements, startSeconds, peakRssMiB, outputRecords));
    } catch (Exception error) {
      error.printStackTrace();
      System.exit(1);
    }
  }

  /** One stream thread; all else as Kafka Streams has it by default. */
  private static Properties config(Options options) {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, options.applicationId());
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers());
    config.put(StreamsConfig.STATE_DIR_CONFIG, options.stateDir());
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    config.put(
        StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
        options.exactlyOnce() ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
    options.commitIntervalMs().ifPresent(ms -> config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, ms));
    return config;
  }

  /** Returns the seconds from the start of this process to the first fetched record. */
  private static double run(Options options, StreamsConfig config, Measurements measurements) throws Exception {
    try (KafkaStreams streams =
        new KafkaStreams(Cases.topology(options), config, new MeasuredClients(measurements))) {
      streams.setUncaughtExceptionHandler(error -> {
        error.printStackTrace();
        Runtime.getRuntime().halt(1);
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
      });
      streams.start();
      if (!measurements.awaitFinished(options.timeoutSeconds())) {
        throw new IllegalStateException(
            "Not finished after " + options.timeoutSeconds() + " s: " + measurements.fetchedInput() + " of "
                + options.records() + " records fetched");
      }
      double sinceFirstRecord = (System.nanoTime() - measurements.startNanos()) / 1e9;
      double sinceProcessStart = ManagementFactory.getRuntimeMXBean().getUptime() / 1e3;
      streams.close(CloseOptions.timeout(Duration.ofSeconds(60)).withGroupMembershipOperation(LEAVE_GROUP));
      return sinceProcessStart - sinceFirstRecord;
    }
  }

  private static long peakRssMiB() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
    }
    throw new IllegalStateException("/proc/self/status has no VmHWM line");
  }

  private static String json(
      Options options,
      StreamsConfig config,
      Measurements measurements,
      double startSeconds,
      long peakRssMiB,
      long outputRecords) {
    return String.format(
        Locale.ROOT,
        "{\"client\":\"java-kafka-streams\",\"case\":\"%s\",\"guarantee\":\"%s\",\"records\":%d,\"startSeconds\":%.3f,"
            + "\"seconds\":%.3f,\"recordsPerSecond\":%.0f,\"peakRssMiB\":%d,\"outputRecords\":%d,"
            + "\"changelogRecords\":%d,\"commits\":%d,\"commitP50Ms\":%.3f,\"commitP99Ms\":%.3f,\"cacheBytes\":%d}",
        options.benchCase(),
        options.guarantee(),
        options.records(),
        startSeconds,
        measurements.seconds(),
        options.records() / measurements.seconds(),
        peakRssMiB,
        outputRecords,
        measurements.changelogRecords(),
        measurements.commits(),
        measurements.commitMs(50),
        measurements.commitMs(99),
        config.getLong(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG));
  }
}
