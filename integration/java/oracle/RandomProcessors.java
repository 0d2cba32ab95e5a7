import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** The processors of random topologies. A record with a null key does nothing. */
final class RandomProcessors {
    private RandomProcessors() {}

    static ProcessorSupplier<Object, Object, Object, Object> collect(JsonNode args) {
        return () -> new Collect(args);
    }

    static FixedKeyProcessorSupplier<Object, Object, Object> ofValues(String fn, String store) {
        return () -> new OfValues(fn, store);
    }

    /** Keeps the latest value of each key, and forwards all of them at each punctuation. */
    private static final class Collect implements Processor<Object, Object, Object, Object> {
        private final JsonNode args;
        private ProcessorContext<Object, Object> context;
        private KeyValueStore<Object, Object> store;

        Collect(JsonNode args) {
            this.args = args;
        }

        @Override
        public void init(ProcessorContext<Object, Object> context) {
            this.context = context;
            store = context.getStateStore(args.get("store").asText());
            boolean streamTime = args.get("punctuation").asText().equals("streamTime");
            PunctuationType type = streamTime ? PunctuationType.STREAM_TIME : PunctuationType.WALL_CLOCK_TIME;
            context.schedule(Duration.ofMillis(args.get("interval").asLong()), type, this::punctuate);
        }

        private void punctuate(long timeMs) {
            List<KeyValue<Object, Object>> entries = new ArrayList<>();
            try (KeyValueIterator<Object, Object> all = store.all()) {
                all.forEachRemaining(entries::add);
            }
            for (KeyValue<Object, Object> entry : entries) {
                context.forward(new Record<>(entry.key, entry.value, timeMs));
                if (args.get("clear").asBoolean()) store.delete(entry.key);
            }
        }

        @Override
        public void process(Record<Object, Object> record) {
            if (record.key() != null) store.put(record.key(), record.value());
        }
    }

    private static final class OfValues implements FixedKeyProcessor<Object, Object, Object> {
        private final String fn;
        private final String storeName;
        private FixedKeyProcessorContext<Object, Object> context;
        private KeyValueStore<Object, Object> store;

        OfValues(String fn, String storeName) {
            this.fn = fn;
            this.storeName = storeName;
        }

        @Override
        public void init(FixedKeyProcessorContext<Object, Object> context) {
            this.context = context;
            store = context.getStateStore(storeName);
        }

        @Override
        public void process(FixedKeyRecord<Object, Object> record) {
            if (record.key() == null) return;
            Object stored = store.get(record.key());
            switch (fn) {
                case "runningCount" -> {
                    long n = RandomFunctions.num(stored) + 1;
                    store.put(record.key(), n);
                    context.forward(record.withValue(RandomFunctions.text(record.value()) + "#" + n));
                }
                case "runningTotal" -> {
                    long total = RandomFunctions.num(stored) + RandomFunctions.num(record.value());
                    store.put(record.key(), total);
                    context.forward(record.withValue(total));
                }
                default -> { // dropRepeats
                    if (record.value() != null && record.value().equals(stored)) return;
                    store.put(record.key(), record.value());
                    context.forward(record);
                }
            }
        }
    }
}
