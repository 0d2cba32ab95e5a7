// Record batches as Kafka's own Java classes write and read them, for the tests of Millrace's decoder and encoder.
//
//   java -cp 'JARS/*' RecordBatches.java write   prints the corpus of tests/data/record-batches.json.gz
//   java -cp 'JARS/*' RecordBatches.java read    prints, for each line of base64 that comes in, what the batches in it hold
//
// JARS is the folder that kafkaJars() of integration/broker/kafka-jars.ts names. To make the corpus anew, from the project's folder:
//
//   java -cp "$JARS/*" integration/java/RecordBatches.java write | gzip -9n > tests/data/record-batches.json.gz
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiPredicate;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.KRaftVersionRecord;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.SnapshotFooterRecord;
import org.apache.kafka.common.message.SnapshotHeaderRecord;
import org.apache.kafka.common.message.VotersRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecords.RecordFilter;
import org.apache.kafka.common.record.internal.MemoryRecords.RecordFilter.BatchRetention;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.BufferSupplier;

public final class RecordBatches {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long NOW = 1_700_000_000_000L;
    /** Batches with more records are described by a hash of what they hold. */
    private static final int MAX_LISTED_RECORDS = 100;
    private static final int MANY = 10_000;
    private static final int BUFFER_BYTES = 1 << 21;

    private static final ArrayNode cases = JSON.createArrayNode();

    public static void main(String[] args) throws Exception {
        if (args.length == 1 && args[0].equals("write")) write();
        else if (args.length == 1 && args[0].equals("read")) read();
        else throw new IllegalArgumentException("write or read");
    }

    private static void read() throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(line));
            System.out.println(JSON.writeValueAsString(describe(MemoryRecords.readableRecords(bytes))));
        }
    }

    private static void write() throws Exception {
        for (CompressionType codec : CompressionType.values()) {
            Compression compression = Compression.of(codec).build();
            String name = codec.name;
            add(name + ", plain", batch(compression, 17, Producer.NONE, mixedRecords()));
            add(name + ", idempotent", batch(compression, 0, Producer.IDEMPOTENT, mixedRecords()));
            add(name + ", transactional", batch(compression, 1L << 40, Producer.TRANSACTIONAL, mixedRecords()));
            add(name + ", log append time", logAppendTime(compression));
            add(name + ", one record", batch(compression, 5, Producer.NONE, mixedRecords()[0]));
            add(name + ", many records", batch(compression, 1_000_000, Producer.IDEMPOTENT, manyRecords()));
            addCompacted(name, compression);
        }
        addControlBatches();
        addLogs();
        System.out.println(JSON.writeValueAsString(cases));
    }

    // ---- what the batches hold

    private static SimpleRecord[] mixedRecords() {
        Header[] headers = {
            new RecordHeader("trace", new byte[] {0, 1, 2}),
            new RecordHeader("trace", null),
            new RecordHeader("gr\u00fc\u00df \u65e5\u672c \ud83d\ude80", bytes("\u00fc")),
            new RecordHeader("", new byte[0]),
            new RecordHeader("long", new byte[300]),
        };
        Header[] many = new Header[70];
        for (int i = 0; i < many.length; i++) many[i] = new RecordHeader("h" + i % 3, i % 5 == 0 ? null : bytes("v" + i));
        return new SimpleRecord[] {
            new SimpleRecord(NOW, bytes("ada"), bytes("lovelace"), headers),
            new SimpleRecord(NOW - 86_400_000L, null, bytes("no key, a day earlier")),
            new SimpleRecord(NOW + 1, bytes("tombstone"), null),
            new SimpleRecord(0, new byte[0], new byte[0]),
            new SimpleRecord(-1, (byte[]) null, null),
            new SimpleRecord((1L << 53) - 1, bytes("far future"), bytes("v".repeat(200))),
            new SimpleRecord(NOW, bytes("k".repeat(64)), bytes("\u65e5\u672c\u8a9e"), many),
            new SimpleRecord(NOW, bytes("large"), noise(600)),
        };
    }

    private static SimpleRecord[] manyRecords() {
        SimpleRecord[] records = new SimpleRecord[MANY];
        for (int i = 0; i < MANY; i++) records[i] = new SimpleRecord(NOW + i % 1000, bytes("k" + i % 97), bytes("v" + i));
        return records;
    }

    private static byte[] noise(int count) {
        byte[] noise = new byte[count];
        new java.util.Random(7).nextBytes(noise);
        return noise;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // ---- batches

    private record Producer(long id, short epoch, int sequence, boolean transactional) {
        static final Producer NONE = new Producer(-1, (short) -1, -1, false);
        static final Producer IDEMPOTENT = new Producer(4242, (short) 7, 99, false);
        static final Producer TRANSACTIONAL = new Producer(4243, (short) 8, Integer.MAX_VALUE, true);
    }

    private static MemoryRecords batch(Compression compression, long baseOffset, Producer producer, SimpleRecord... records) {
        MemoryRecordsBuilder builder = builder(compression, TimestampType.CREATE_TIME, baseOffset, -1, producer);
        for (SimpleRecord record : records) builder.append(record);
        return builder.build();
    }

    private static MemoryRecords logAppendTime(Compression compression) {
        MemoryRecordsBuilder builder = builder(compression, TimestampType.LOG_APPEND_TIME, 1000, NOW + 12_345, Producer.NONE);
        for (SimpleRecord record : mixedRecords()) builder.append(record);
        return builder.build();
    }

    private static MemoryRecordsBuilder builder(
            Compression compression, TimestampType type, long baseOffset, long logAppendTime, Producer producer) {
        return MemoryRecords.builder(space(), RecordBatch.CURRENT_MAGIC_VALUE, compression, type, baseOffset,
            logAppendTime, producer.id, producer.epoch, producer.sequence, producer.transactional, 3);
    }

    // ---- what the log cleaner leaves, by Kafka's own filter

    private static void addCompacted(String codec, Compression compression) {
        SimpleRecord[] five = new SimpleRecord[5];
        for (int i = 0; i < 5; i++) five[i] = new SimpleRecord(NOW + i, bytes("k" + i), bytes("v" + i));
        MemoryRecords plain = batch(compression, 50, Producer.NONE, five);
        MemoryRecords idempotent = batch(compression, 50, Producer.IDEMPOTENT, five);
        MemoryRecords transactional = batch(compression, 50, Producer.TRANSACTIONAL, five);
        add(codec + ", the first record compacted away", compacted(plain, (batch, record) -> record.offset() > 50));
        add(codec + ", the last record compacted away", compacted(idempotent, (batch, record) -> record.offset() < 54));
        add(codec + ", all but the middle compacted away", compacted(transactional, (batch, record) -> record.offset() == 52));
        add(codec + ", emptied, no producer", compacted(plain, (batch, record) -> false));
        add(codec + ", emptied, idempotent", compacted(idempotent, (batch, record) -> false));
        add(codec + ", emptied, transactional", compacted(transactional, (batch, record) -> false));
        five[1] = new SimpleRecord(NOW + 1, bytes("k1"), null);
        MemoryRecords withTombstone = batch(compression, 60, Producer.IDEMPOTENT, five);
        add(codec + ", with a delete horizon", compacted(withTombstone, (batch, record) -> record.offset() != 60));
    }

    /** A tombstone, or the marker of a transaction of which nothing else is left, gives its batch a delete horizon. */
    private static MemoryRecords compacted(MemoryRecords records, BiPredicate<RecordBatch, Record> retained) {
        RecordFilter filter = new RecordFilter(NOW + 3_600_000L, 86_400_000L) {
            @Override
            protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
                return new BatchRetentionResult(BatchRetention.RETAIN_EMPTY, batch.isControlBatch());
            }

            @Override
            protected boolean shouldRetainRecord(RecordBatch batch, Record record) {
                return retained.test(batch, record);
            }
        };
        ByteBuffer filtered = records.filterTo(filter, space(), BufferSupplier.NO_CACHING).outputBuffer();
        filtered.flip();
        return MemoryRecords.readableRecords(filtered);
    }

    // ---- control batches

    private static void addControlBatches() {
        MemoryRecords commit = marker(70, Producer.TRANSACTIONAL, ControlRecordType.COMMIT);
        MemoryRecords abort = marker(71, Producer.TRANSACTIONAL, ControlRecordType.ABORT);
        add("commit marker", commit);
        add("abort marker", abort);
        add("abort marker with a delete horizon", compacted(abort, (batch, record) -> true));
        add("abort marker compacted away", compacted(abort, (batch, record) -> false));
        LeaderChangeMessage leader = new LeaderChangeMessage().setLeaderId(3)
            .setVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(3), new LeaderChangeMessage.Voter().setVoterId(4)));
        add("leader change", MemoryRecords.withLeaderChangeMessage(72, NOW, 5, space(), leader));
        add("snapshot header", MemoryRecords.withSnapshotHeaderRecord(0, NOW, 5, space(),
            new SnapshotHeaderRecord().setLastContainedLogTimestamp(NOW)));
        add("snapshot footer", MemoryRecords.withSnapshotFooterRecord(73, NOW, 5, space(), new SnapshotFooterRecord()));
        add("KRaft version", MemoryRecords.withKRaftVersionRecord(74, NOW, 5, space(), new KRaftVersionRecord().setKRaftVersion((short) 1)));
        add("voters", MemoryRecords.withVotersRecord(75, NOW, 5, space(), new VotersRecord()));
    }


    private static ByteBuffer space() {
        return ByteBuffer.allocate(BUFFER_BYTES);
    }

    private static MemoryRecords marker(long offset, Producer producer, ControlRecordType type) {
        return MemoryRecords.withEndTransactionMarker(offset, NOW, 3, producer.id, producer.epoch, new EndTransactionMarker(type, 9));
    }

    // ---- several batches one after the other

    private static void addLogs() {
        Compression none = Compression.NONE;
        Compression zstd = Compression.zstd().build();
        SimpleRecord record = new SimpleRecord(NOW, bytes("k"), bytes("v"));
        add("a log of transactions", log(
            batch(none, 100, Producer.TRANSACTIONAL, record, record),
            batch(zstd, 102, Producer.NONE, record),
            marker(103, Producer.TRANSACTIONAL, ControlRecordType.ABORT),
            batch(zstd, 104, Producer.TRANSACTIONAL, record, record, record),
            marker(107, Producer.TRANSACTIONAL, ControlRecordType.COMMIT),
            batch(none, 108, Producer.IDEMPOTENT, record)));
        MemoryRecords first = batch(none, 200, Producer.IDEMPOTENT, record, record, record);
        MemoryRecords second = batch(Compression.gzip().build(), 203, Producer.NONE, record, record);
        MemoryRecords third = batch(none, 205, Producer.NONE, record, record);
        add("a compacted log", compacted(log(first, second, third), (batch, kept) -> kept.offset() == 204 || kept.offset() > 205));
    }

    private static MemoryRecords log(MemoryRecords... parts) {
        ByteBuffer bytes = space();
        for (MemoryRecords part : parts) bytes.put(part.buffer());
        bytes.flip();
        return MemoryRecords.readableRecords(bytes);
    }

    // ---- as JSON

    private static void add(String name, MemoryRecords records) {
        ByteBuffer buffer = records.buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        ObjectNode added = cases.addObject();
        added.put("name", name);
        added.put("bytes", bytes);
        added.set("batches", describe(MemoryRecords.readableRecords(ByteBuffer.wrap(bytes))));
    }

    private static ArrayNode describe(MemoryRecords records) {
        ArrayNode batches = JSON.createArrayNode();
        for (MutableRecordBatch batch : records.batches()) {
            batch.ensureValid();
            ObjectNode described = batches.addObject();
            ObjectNode header = described.putObject("header");
            header.put("baseOffset", batch.baseOffset());
            header.put("sizeBytes", batch.sizeInBytes());
            header.put("codec", batch.compressionType().name);
            header.put("transactional", batch.isTransactional());
            header.put("control", batch.isControlBatch());
            header.put("logAppendTime", batch.timestampType() == TimestampType.LOG_APPEND_TIME);
            header.put("lastOffset", batch.lastOffset());
            header.put("firstTimestamp", ((DefaultRecordBatch) batch).baseTimestamp());
            header.put("maxTimestamp", batch.maxTimestamp());
            header.put("producerId", batch.producerId());
            header.put("producerEpoch", batch.producerEpoch());
            header.put("baseSequence", batch.baseSequence());
            header.put("recordCount", batch.countOrNull());
            if (batch.deleteHorizonMs().isPresent()) described.put("deleteHorizonMs", batch.deleteHorizonMs().getAsLong());
            if (batch.countOrNull() > MAX_LISTED_RECORDS) described.put("sha256", hash(batch));
            else described.set("records", list(batch));
            if (batch.isControlBatch() && batch.iterator().hasNext())
                described.put("controlType", ControlRecordType.parse(batch.iterator().next().key()).name());
        }
        return batches;
    }

    private static ArrayNode list(RecordBatch batch) {
        ArrayNode listed = JSON.createArrayNode();
        for (Record record : batch) listed.add(asJson(record));
        return listed;
    }

    /** Of the records' JSON, each followed by a line feed. */
    private static String hash(RecordBatch batch) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Record record : batch) digest.update((JSON.writeValueAsString(asJson(record)) + "\n").getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest());
        } catch (Exception impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static ObjectNode asJson(Record record) {
        ObjectNode json = JSON.createObjectNode();
        json.put("offset", record.offset());
        json.put("timestamp", record.timestamp());
        json.put("key", array(record.key()));
        json.put("value", array(record.value()));
        ArrayNode headers = json.putArray("headers");
        for (Header header : record.headers()) headers.addArray().add(header.key()).add(header.value());
        return json;
    }

    private static byte[] array(ByteBuffer buffer) {
        if (buffer == null) return null;
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
