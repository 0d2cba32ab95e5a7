import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.Stores;

/** Builds a topology from its data, node by node in the order of the data: the twin of tests/golden/random-topology.ts. */
@SuppressWarnings({"unchecked", "rawtypes"})
final class RandomTopology {
    private static final Serde<String> S = Serdes.String();

    private final Properties config;
    private final StreamsBuilder builder;
    private final Map<String, Object> results = new HashMap<>();
    private final Map<String, JsonNode> types = new HashMap<>();

    RandomTopology(Properties config) {
        this.config = config;
        this.builder = new StreamsBuilder(new TopologyConfig(new StreamsConfig(config)));
    }

    Topology build(JsonNode nodes) {
        for (JsonNode node : nodes) new Call(node).make();
        return builder.build(config);
    }

    /** One DSL call, with and without its optional parts. */
    private final class Call {
        final String op;
        final String id;
        final JsonNode args;
        final String name;
        final List<String> inputs = new ArrayList<>();
        final List<Object> targets = new ArrayList<>();
        final Serde key;
        final Serde value;

        Call(JsonNode node) {
            op = node.get("op").asText();
            id = node.get("id").asText();
            args = node.path("args");
            name = node.has("named") ? node.get("named").asText() : null;
            for (JsonNode input : node.path("in")) {
                inputs.add(input.asText());
                targets.add(results.get(input.asText()));
            }
            JsonNode out = node.get("out");
            key = out == null ? S : keySerde(out);
            value = out == null ? S : valueSerde(out);
            if (out != null) types.put(id, out);
        }

        void make() {
            Object result = switch (op) {
                case "stream", "table", "globalTable" -> source();
                case "filter", "filterNot", "mapValues" -> targets.get(0) instanceof KTable table ? tableVerb(table) : streamVerb();
                case "map", "selectKey", "flatMapValues", "flatMap", "peek", "merge", "repartition", "toTable" -> streamVerb();
                case "split" -> split((KStream) targets.get(0));
                case "toStream" -> toStream((KTable) targets.get(0));
                case "to" -> to((KStream) targets.get(0));
                case "groupByKey", "groupBy" -> group();
                case "cogroup" -> cogroup();
                case "windowedBy" -> Windowing.windowedBy(targets.get(0), args);
                case "count", "reduce", "aggregate" -> new Aggregation(targets.get(0), op, args, name, materialized(S)).result();
                case "suppress" -> ((KTable) targets.get(0)).suppress(Windowing.suppressed(args, name));
                case "joinStreams" -> joinStreams((KStream) targets.get(0), (KStream) targets.get(targets.size() - 1));
                case "joinTable" -> joinTable((KStream) targets.get(0), (KTable) targets.get(1));
                case "joinGlobal" -> joinGlobal((KStream) targets.get(0), (GlobalKTable) targets.get(1));
                case "joinTables" -> joinTables((KTable) targets.get(0), (KTable) targets.get(targets.size() - 1));
                case "joinForeignKey" -> joinForeignKey((KTable) targets.get(0), (KTable) targets.get(targets.size() - 1));
                case "processValues", "process" -> process((KStream) targets.get(0));
                default -> throw new IllegalArgumentException("no verb '" + op + "' of random topologies");
            };
            if (result != null) results.put(id, result);
        }

        private Object source() {
            Consumed consumed = Consumed.with(S, value);
            if (name != null) consumed = consumed.withName(name);
            if (op.equals("stream")) {
                List<String> topics = new ArrayList<>();
                for (JsonNode topic : args.get("topics")) topics.add(topic.asText());
                return builder.stream(topics, consumed);
            }
            String topic = args.get("topic").asText();
            Materialized store = materialized(S);
            if (op.equals("table")) return store == null ? builder.table(topic, consumed) : builder.table(topic, consumed, store);
            return store == null ? builder.globalTable(topic, consumed) : builder.globalTable(topic, consumed, store);
        }

        private Object tableVerb(KTable table) {
            Materialized store = materialized(key);
            if (op.equals("mapValues")) {
                ValueMapperWithKey fn = RandomFunctions.value(args.get("fn"));
                if (store == null) return name == null ? table.mapValues(fn) : table.mapValues(fn, named());
                return name == null ? table.mapValues(fn, store) : table.mapValues(fn, named(), store);
            }
            Predicate fn = RandomFunctions.predicate(args.get("fn"));
            if (op.equals("filter")) {
                if (store == null) return name == null ? table.filter(fn) : table.filter(fn, named());
                return name == null ? table.filter(fn, store) : table.filter(fn, named(), store);
            }
            if (store == null) return name == null ? table.filterNot(fn) : table.filterNot(fn, named());
            return name == null ? table.filterNot(fn, store) : table.filterNot(fn, named(), store);
        }

        private Object streamVerb() {
            KStream stream = (KStream) targets.get(0);
            switch (op) {
                case "filter": {
                    Predicate fn = RandomFunctions.predicate(args.get("fn"));
                    return name == null ? stream.filter(fn) : stream.filter(fn, named());
                }
                case "filterNot": {
                    Predicate fn = RandomFunctions.predicate(args.get("fn"));
                    return name == null ? stream.filterNot(fn) : stream.filterNot(fn, named());
                }
                case "mapValues": {
                    ValueMapperWithKey fn = RandomFunctions.value(args.get("fn"));
                    return name == null ? stream.mapValues(fn) : stream.mapValues(fn, named());
                }
                case "map":
                    return name == null ? stream.map(pair()) : stream.map(pair(), named());
                case "selectKey": {
                    KeyValueMapper fn = RandomFunctions.key(args.get("key"));
                    return name == null ? stream.selectKey(fn) : stream.selectKey(fn, named());
                }
                case "flatMapValues": {
                    Function<Object, List<Object>> list = RandomFunctions.list(args.get("fn"));
                    ValueMapper fn = list::apply;
                    return name == null ? stream.flatMapValues(fn) : stream.flatMapValues(fn, named());
                }
                case "flatMap": {
                    KeyValueMapper fn = RandomFunctions.pairs(args.get("fn"));
                    return name == null ? stream.flatMap(fn) : stream.flatMap(fn, named());
                }
                case "peek": {
                    ForeachAction nothing = (k, v) -> {};
                    return name == null ? stream.peek(nothing) : stream.peek(nothing, named());
                }
                case "merge": {
                    KStream other = (KStream) targets.get(targets.size() - 1);
                    return name == null ? stream.merge(other) : stream.merge(other, named());
                }
                case "repartition": {
                    Repartitioned repartitioned = Repartitioned.with(S, value);
                    return stream.repartition(name == null ? repartitioned : repartitioned.withName(name));
                }
                default: { // toTable
                    Materialized store = materialized(S);
                    return name == null ? stream.toTable(store) : stream.toTable(named(), store);
                }
            }
        }

        private Object split(KStream stream) {
            BranchedKStream split = name == null ? stream.split() : stream.split(named());
            for (JsonNode branch : args.get("branches")) {
                split = split.branch(RandomFunctions.predicate(branch.get("fn")), branched(branch));
            }
            if (args.has("default")) split.defaultBranch(branched(args.get("default")));
            else split.noDefaultBranch();
            return null;
        }

        private Branched branched(JsonNode branch) {
            String branchId = branch.get("id").asText();
            types.put(branchId, types.get(inputs.get(0)));
            java.util.function.Consumer found = stream -> results.put(branchId, stream);
            return branch.has("name") ? Branched.withConsumer(found, branch.get("name").asText()) : Branched.withConsumer(found);
        }

        private Object toStream(KTable table) {
            if (!args.has("key")) return name == null ? table.toStream() : table.toStream(named());
            KeyValueMapper fn = RandomFunctions.key(args.get("key"));
            return name == null ? table.toStream(fn) : table.toStream(fn, named());
        }

        private Object to(KStream stream) {
            JsonNode type = types.get(inputs.get(0));
            Produced produced = Produced.with(keySerde(type), valueSerde(type));
            stream.to(args.get("topic").asText(), name == null ? produced : produced.withName(name));
            return null;
        }

        private Object group() {
            Grouped grouped = Grouped.with(S, value);
            if (name != null) grouped = grouped.withName(name);
            if (targets.get(0) instanceof KTable table) return table.groupBy(pair(), grouped);
            KStream stream = (KStream) targets.get(0);
            return op.equals("groupByKey") ? stream.groupByKey(grouped) : stream.groupBy(RandomFunctions.key(args.get("key")), grouped);
        }

        private Object cogroup() {
            JsonNode aggregators = args.get("aggregators");
            CogroupedKStream all = ((KGroupedStream) targets.get(0)).cogroup(RandomFunctions.aggregator(aggregators.get(0)));
            for (int i = 1; i < targets.size(); i++) {
                all = all.cogroup((KGroupedStream) targets.get(i), RandomFunctions.aggregator(aggregators.get(i)));
            }
            return all;
        }

        private Object joinStreams(KStream left, KStream right) {
            ValueJoinerWithKey joiner = RandomFunctions.joiner(args.get("joiner"));
            StreamJoined joined = StreamJoined.with(S, valueSerdeOf(0), valueSerdeOf(inputs.size() - 1));
            if (name != null) joined = joined.withName(name);
            if (args.has("storeName")) joined = joined.withStoreName(args.get("storeName").asText());
            if (args.path("inMemory").asBoolean()) joined = joined.withDslStoreSuppliers(BuiltInDslStoreSuppliers.IN_MEMORY);
            if (!args.path("logging").asBoolean(true)) joined = joined.withLoggingDisabled();
            JoinWindows within = JoinWindows.ofTimeDifferenceAndGrace(millis("before"), millis("grace")).after(millis("after"));
            return switch (args.get("type").asText()) {
                case "inner" -> left.join(right, joiner, within, joined);
                case "left" -> left.leftJoin(right, joiner, within, joined);
                default -> left.outerJoin(right, joiner, within, joined);
            };
        }

        private Object joinTable(KStream stream, KTable table) {
            ValueJoinerWithKey joiner = RandomFunctions.joiner(args.get("joiner"));
            Joined joined = Joined.with(keySerde(types.get(inputs.get(0))), valueSerdeOf(0), valueSerdeOf(1));
            if (name != null) joined = joined.withName(name);
            if (args.has("grace")) joined = joined.withGracePeriod(millis("grace"));
            return isInner() ? stream.join(table, joiner, joined) : stream.leftJoin(table, joiner, joined);
        }

        private Object joinGlobal(KStream stream, GlobalKTable table) {
            KeyValueMapper key = RandomFunctions.key(args.get("key"));
            ValueJoinerWithKey joiner = RandomFunctions.joiner(args.get("joiner"));
            if (isInner()) return name == null ? stream.join(table, key, joiner) : stream.join(table, key, joiner, named());
            return name == null ? stream.leftJoin(table, key, joiner) : stream.leftJoin(table, key, joiner, named());
        }

        private Object joinTables(KTable left, KTable right) {
            ValueJoiner joiner = withoutKey(args.get("joiner"));
            Materialized store = materialized(key);
            return switch (args.get("type").asText()) {
                case "inner" -> store == null
                    ? (name == null ? left.join(right, joiner) : left.join(right, joiner, named()))
                    : (name == null ? left.join(right, joiner, store) : left.join(right, joiner, named(), store));
                case "left" -> store == null
                    ? (name == null ? left.leftJoin(right, joiner) : left.leftJoin(right, joiner, named()))
                    : (name == null ? left.leftJoin(right, joiner, store) : left.leftJoin(right, joiner, named(), store));
                default -> store == null
                    ? (name == null ? left.outerJoin(right, joiner) : left.outerJoin(right, joiner, named()))
                    : (name == null ? left.outerJoin(right, joiner, store) : left.outerJoin(right, joiner, named(), store));
            };
        }

        private Object joinForeignKey(KTable left, KTable right) {
            KeyValueMapper foreignKey = RandomFunctions.key(args.get("foreignKey"));
            Function ofValue = v -> foreignKey.apply(null, v);
            ValueJoiner joiner = withoutKey(args.get("joiner"));
            Materialized store = materialized(S);
            TableJoined joined = name == null ? null : TableJoined.as(name);
            if (isInner()) {
                if (store == null) return joined == null ? left.join(right, ofValue, joiner) : left.join(right, ofValue, joiner, joined);
                return joined == null ? left.join(right, ofValue, joiner, store) : left.join(right, ofValue, joiner, joined, store);
            }
            if (store == null) return joined == null ? left.leftJoin(right, ofValue, joiner) : left.leftJoin(right, ofValue, joiner, joined);
            return joined == null ? left.leftJoin(right, ofValue, joiner, store) : left.leftJoin(right, ofValue, joiner, joined, store);
        }

        private Object process(KStream stream) {
            String store = args.get("store").asText();
            if (op.equals("process")) {
                builder.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(store), S, value));
                var collect = RandomProcessors.collect(args);
                return name == null ? stream.process(collect, store) : stream.process(collect, named(), store);
            }
            String fn = args.get("fn").asText();
            Serde stored = fn.equals("dropRepeats") ? S : Serdes.Long();
            builder.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(store), S, stored));
            var processor = RandomProcessors.ofValues(fn, store);
            return name == null ? stream.processValues(processor, store) : stream.processValues(processor, named(), store);
        }

        /** Null: the call without it. */
        private Materialized materialized(Serde keySerde) {
            JsonNode store = args.get("store");
            if (store == null || !store.isObject()) return null;
            Materialized materialized;
            if (store.has("versioned")) {
                Duration history = Duration.ofMillis(store.get("versioned").asLong());
                materialized = Materialized.as(Stores.persistentVersionedKeyValueStore(store.get("name").asText(), history));
            } else {
                materialized = store.has("name") ? Materialized.as(store.get("name").asText()) : Materialized.with(keySerde, value);
            }
            materialized = materialized.withKeySerde(keySerde).withValueSerde(value);
            if (store.path("inMemory").asBoolean()) materialized = materialized.withStoreType(BuiltInDslStoreSuppliers.IN_MEMORY);
            if (store.has("retention")) materialized = materialized.withRetention(Duration.ofMillis(store.get("retention").asLong()));
            return store.path("logging").asBoolean(true) ? materialized : materialized.withLoggingDisabled();
        }

        private KeyValueMapper pair() {
            KeyValueMapper key = RandomFunctions.key(args.get("key"));
            ValueMapperWithKey value = RandomFunctions.value(args.get("value"));
            return (k, v) -> KeyValue.pair(key.apply(k, v), value.apply(k, v));
        }

        private Named named() {
            return Named.as(name);
        }

        private Duration millis(String field) {
            return Duration.ofMillis(args.get(field).asLong());
        }

        private boolean isInner() {
            return args.get("type").asText().equals("inner");
        }

        private Serde valueSerdeOf(int input) {
            return valueSerde(types.get(inputs.get(input)));
        }
    }

    private static ValueJoiner<Object, Object, Object> withoutKey(JsonNode spec) {
        ValueJoinerWithKey<Object, Object, Object, Object> joiner = RandomFunctions.joiner(spec);
        return (a, b) -> joiner.apply(null, a, b);
    }

    private static Serde keySerde(JsonNode type) {
        return switch (type.get("key").asText()) {
            case "timeWindowed" -> WindowedSerdes.timeWindowedSerdeFrom(String.class, windowSize(type.get("windowSize").asLong()));
            case "sessionWindowed" -> WindowedSerdes.sessionWindowedSerdeFrom(String.class);
            default -> S;
        };
    }

    // Windows without end are written with the largest whole number that JSON holds.
    private static long windowSize(long size) {
        return size == (1L << 53) - 1 ? Long.MAX_VALUE : size;
    }

    private static Serde valueSerde(JsonNode type) {
        return type.get("value").asText().equals("long") ? Serdes.Long() : S;
    }
}
