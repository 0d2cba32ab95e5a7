import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionWrapper;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.AggregationWithHeaders;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.SessionStoreWithHeaders;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.TimestampedKeyValueStoreWithHeaders;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.TimestampedWindowStoreWithHeaders;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.ValueTimestampHeaders;
import org.apache.kafka.streams.state.VersionedKeyValueStore;
import org.apache.kafka.streams.state.VersionedRecord;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.internals.LeftOrRightValue;
import org.apache.kafka.streams.state.internals.TimestampedKeyAndJoinSide;

/** What the stores hold at the end, read through their own interfaces. Buffers, which cannot be read, are left out. */
final class StoreEntries {
    private static final ObjectMapper JSON = new ObjectMapper();

    private StoreEntries() {}

    /**
     * @param keys those that a versioned store is asked for
     * @param times the times as of which it is asked, in order
     */
    static ObjectNode all(TopologyTestDriver driver, Set<String> keys, Set<Long> times) {
        ObjectNode stores = JSON.createObjectNode();
        for (Map.Entry<String, StateStore> each : new TreeMap<>(driver.getAllStateStores()).entrySet()) {
            StateStore store = each.getValue();
            String kind = kind(store);
            if (kind == null) continue;
            ObjectNode described = JSON.createObjectNode().put("kind", kind).put("persistent", store.persistent());
            try {
                entries(store, described.putArray("entries"), keys, times);
            } catch (IllegalArgumentException e) {
                continue; // windows of size 0: Java cannot make them to show them
            }
            stores.set(each.getKey(), described);
        }
        return stores;
    }

    private static String kind(StateStore store) {
        if (store instanceof VersionedKeyValueStore) return "versioned";
        if (store instanceof TimestampedKeyValueStoreWithHeaders) return "timestampedKeyValueWithHeaders";
        if (store instanceof TimestampedKeyValueStore) return "timestampedKeyValue";
        if (store instanceof KeyValueStore) return "keyValue";
        if (store instanceof TimestampedWindowStoreWithHeaders) return "timestampedWindowWithHeaders";
        if (store instanceof TimestampedWindowStore) return "timestampedWindow";
        if (store instanceof WindowStore) return "window";
        if (store instanceof SessionStoreWithHeaders) return "sessionWithHeaders";
        return store instanceof SessionStore ? "session" : null;
    }

    @SuppressWarnings("unchecked")
    private static void entries(StateStore store, ArrayNode entries, Set<String> keys, Set<Long> times) {
        if (store instanceof VersionedKeyValueStore<?, ?> versioned) versions((VersionedKeyValueStore<Object, ?>) versioned, entries, keys, times);
        else if (store instanceof KeyValueStore<?, ?> keyValue) keyValues(keyValue, entries);
        else if (store instanceof WindowStore<?, ?> windows) windows(windows, entries);
        else sessions((SessionStore<?, ?>) store, entries);
    }

    private static void keyValues(KeyValueStore<?, ?> store, ArrayNode entries) {
        try (var all = store.all()) {
            while (all.hasNext()) {
                KeyValue<?, ?> next = all.next();
                ObjectNode entry = entries.addObject();
                entry.set("key", data(next.key));
                entry.set("value", data(next.value));
            }
        }
    }

    private static void windows(WindowStore<?, ?> store, ArrayNode entries) {
        try (var all = store.all()) {
            while (all.hasNext()) {
                KeyValue<? extends Windowed<?>, ?> next = all.next();
                ObjectNode entry = entries.addObject();
                entry.set("key", data(next.key.key()));
                entry.put("start", next.key.window().start());
                entry.set("value", data(next.value));
            }
        }
    }

    private static void sessions(SessionStore<?, ?> store, ArrayNode entries) {
        try (var all = store.fetch(null, null)) {
            while (all.hasNext()) {
                KeyValue<? extends Windowed<?>, ?> next = all.next();
                ObjectNode entry = entries.addObject();
                entry.set("key", data(next.key));
                entry.set("value", data(next.value));
            }
        }
    }

    /** A versioned store cannot be listed: it is asked for the keys that the case has, at the times of its inputs. */
    private static void versions(VersionedKeyValueStore<Object, ?> store, ArrayNode entries, Set<String> keys, Set<Long> times) {
        for (String key : keys) {
            ObjectNode entry = JSON.createObjectNode().put("key", key);
            entry.set("latest", version(store.get(key)));
            ArrayNode asOf = entry.putArray("asOf");
            JsonNode before = JSON.nullNode();
            for (long time : times) {
                JsonNode record = version(store.get(key, time));
                if (record.equals(before)) continue;
                asOf.addObject().put("asOf", time).set("record", record);
                before = record;
            }
            if (!asOf.isEmpty() || !entry.get("latest").isNull()) entries.add(entry);
        }
    }

    private static JsonNode version(VersionedRecord<?> record) {
        if (record == null) return JSON.nullNode();
        ObjectNode version = JSON.createObjectNode();
        version.set("value", data(record.value()));
        version.put("validFrom", record.timestamp());
        version.set("validTo", data(record.validTo().orElse(null)));
        return version;
    }

    private static JsonNode data(Object data) {
        if (data == null) return JSON.nullNode();
        if (data instanceof String text) return JSON.getNodeFactory().textNode(text);
        if (data instanceof Long number) return JSON.getNodeFactory().numberNode(number);
        ObjectNode fields = JSON.createObjectNode();
        if (data instanceof Windowed<?> windowed) {
            fields.set("key", data(windowed.key()));
            fields.put("start", windowed.window().start()).put("end", Math.min(windowed.window().end(), (1L << 53) - 1));
        } else if (data instanceof ValueAndTimestamp<?> stamped) {
            fields.set("value", data(stamped.value()));
            fields.put("timestamp", stamped.timestamp());
        } else if (data instanceof ValueTimestampHeaders<?> stamped) {
            fields.set("value", data(stamped.value()));
            fields.put("timestamp", stamped.timestamp());
            fields.set("headers", headers(stamped.headers()));
        } else if (data instanceof AggregationWithHeaders<?> aggregation) {
            fields.set("value", data(aggregation.aggregation()));
            fields.set("headers", headers(aggregation.headers()));
        } else if (data instanceof TimestampedKeyAndJoinSide<?> side) {
            fields.set("key", data(side.key()));
            fields.put("timestamp", side.timestamp()).put("leftSide", side.isLeftSide());
        } else if (data instanceof LeftOrRightValue<?, ?> value) {
            fields.set("left", data(value.leftValue()));
            fields.set("right", data(value.rightValue()));
        } else if (data instanceof Bytes bytes) {
            fields.put("base64", Base64.getEncoder().encodeToString(bytes.get()));
        } else if (data instanceof SubscriptionWrapper<?> subscription) {
            fields.put("version", subscription.version()).put("instruction", subscription.instruction().name());
            ArrayNode hash = subscription.hash() == null ? null : JSON.createArrayNode();
            if (hash != null) for (long half : subscription.hash()) hash.add(Long.toHexString(half));
            fields.set("hash", hash);
            fields.set("primaryKey", data(subscription.primaryKey()));
            fields.put("primaryPartition", subscription.primaryPartition());
        } else {
            throw new IllegalStateException("stores hold " + data.getClass());
        }
        return fields;
    }

    private static ArrayNode headers(Iterable<Header> headers) {
        ArrayNode all = JSON.createArrayNode();
        for (Header header : headers) {
            byte[] value = header.value();
            all.addObject().put("key", header.key()).put("valueBase64", value == null ? null : Base64.getEncoder().encodeToString(value));
        }
        return all;
    }
}
