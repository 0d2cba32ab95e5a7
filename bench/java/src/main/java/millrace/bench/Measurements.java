package millrace.bench;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * What the clients of the one stream thread saw. Only that thread calls these methods until {@code finished}, so nothing
 * here is locked.
 *
 * <p>The clock starts when the first poll returns records. It stops when the commit returns after which nothing is left
 * to do: all input records were fetched, as many records of internal topics (repartition, foreign-key joins) were fetched as were sent, and the committed offset
 * of every partition is past its last record. Kafka Streams flushes its caches and its producer before it commits
 * offsets (or commits both in one transaction), so at that moment all results can be read with read_committed, and
 * before that commit some could not, or could have been produced again.
 */
final class Measurements {
  private static final int MAX_COMMITS = 1 << 20;

  private final String input;
  private final long inputRecords;
  private final Map<TopicPartition, Long> lastFetched = new HashMap<>();
  private final Map<TopicPartition, Long> committed = new HashMap<>();
  private final CountDownLatch finished = new CountDownLatch(1);
  private long[] commitNanos = new long[1024];
  private int commits;
  private long fetchedInput;
  private long fetchedInternal;
  private long sentInternal;
  private long sentChangelog;
  private long startNanos;
  private long endNanos;

  Measurements(String input, long inputRecords) {
    this.input = input;
    this.inputRecords = inputRecords;
  }

  void fetched(ConsumerRecords<?, ?> records) {
    if (records.isEmpty()) return;
    if (lastFetched.isEmpty()) startNanos = System.nanoTime();
    for (TopicPartition partition : records.partitions()) {
      var ofPartition = records.records(partition);
      lastFetched.put(partition, ofPartition.get(ofPartition.size() - 1).offset());
      if (partition.topic().equals(input)) fetchedInput += ofPartition.size();
      else fetchedInternal += ofPartition.size();
    }
  }

  void sent(String topic) {
    if (topic.endsWith("-changelog")) sentChangelog++;
    else if (topic.endsWith("-repartition") || topic.endsWith("-topic")) sentInternal++;
  }

  /** A commit that began at {@code beganNanos}, with its first offset request, has just returned. */
  void committed(Map<TopicPartition, OffsetAndMetadata> offsets, long beganNanos) {
    long nowNanos = System.nanoTime();
    if (finished.getCount() == 0) return;
    if (commits == MAX_COMMITS) throw new IllegalStateException("More than " + MAX_COMMITS + " commits");
    if (commits == commitNanos.length) commitNanos = Arrays.copyOf(commitNanos, commits * 2);
    commitNanos[commits++] = nowNanos - beganNanos;
    offsets.forEach((partition, offset) -> committed.put(partition, offset.offset()));
    if (!everythingCommitted()) return;
    endNanos = nowNanos;
    Arrays.sort(commitNanos, 0, commits);
    finished.countDown();
  }

  private boolean everythingCommitted() {
    if (fetchedInput < inputRecords || fetchedInternal < sentInternal) return false;
    for (var entry : lastFetched.entrySet()) {
      if (committed.getOrDefault(entry.getKey(), 0L) <= entry.getValue()) return false;
    }
    return true;
  }

  boolean awaitFinished(int timeoutSeconds) throws InterruptedException {
    return finished.await(timeoutSeconds, TimeUnit.SECONDS);
  }

  double seconds() {
    return (endNanos - startNanos) / 1e9;
  }

  long startNanos() {
    return startNanos;
  }

  long fetchedInput() {
    return fetchedInput;
  }

  int commits() {
    return commits;
  }

  /** Nearest rank: the smallest time that {@code percent} of the commits did not exceed. */
  double commitMs(double percent) {
    int rank = (int) Math.ceil(percent / 100 * commits);
    return commitNanos[Math.max(rank - 1, 0)] / 1e6;
  }

  long changelogRecords() {
    return sentChangelog;
  }
}
