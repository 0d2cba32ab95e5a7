import com.fasterxml.jackson.databind.JsonNode;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.CogroupedKStream;
import org.apache.kafka.streams.kstream.Initializer;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KGroupedTable;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Merger;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Reducer;
import org.apache.kafka.streams.kstream.SessionWindowedCogroupedKStream;
import org.apache.kafka.streams.kstream.SessionWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindowedCogroupedKStream;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;

/** Counts, reduces or aggregates what is grouped, whatever it is. */
@SuppressWarnings({"unchecked", "rawtypes"})
final class Aggregation {
    private final Object target;
    private final String op;
    private final JsonNode args;
    private final Named named;
    private final Materialized store;
    private final Initializer init;
    private final Merger merger;

    /** @param name null: the call without it; likewise `store`. */
    Aggregation(Object target, String op, JsonNode args, String name, Materialized store) {
        this.target = target;
        this.op = op;
        this.args = args;
        this.named = name == null ? null : Named.as(name);
        this.store = store;
        Object initial = !args.has("init") ? null : args.get("init").isNumber() ? (Object) args.get("init").asLong() : args.get("init").asText();
        this.init = () -> initial;
        this.merger = args.has("merger") ? RandomFunctions.merger(args.get("merger")) : null;
    }

    KTable result() {
        if (target instanceof KGroupedStream grouped) return of(grouped);
        if (target instanceof KGroupedTable grouped) return of(grouped);
        if (target instanceof TimeWindowedKStream windowed) return of(windowed);
        if (target instanceof SessionWindowedKStream windowed) return of(windowed);
        if (target instanceof CogroupedKStream all) {
            return named == null ? all.aggregate(init, store) : all.aggregate(init, named, store);
        }
        if (target instanceof TimeWindowedCogroupedKStream all) {
            return named == null ? all.aggregate(init, store) : all.aggregate(init, named, store);
        }
        SessionWindowedCogroupedKStream all = (SessionWindowedCogroupedKStream) target;
        return named == null ? all.aggregate(init, merger, store) : all.aggregate(init, merger, named, store);
    }

    private KTable of(KGroupedStream grouped) {
        switch (op) {
            case "count":
                if (store == null) return named == null ? grouped.count() : grouped.count(named);
                return named == null ? grouped.count(store) : grouped.count(named, store);
            case "reduce": {
                Reducer reducer = RandomFunctions.reducer(args.get("reducer"));
                if (store == null) return grouped.reduce(reducer); // there is none with a name alone
                return named == null ? grouped.reduce(reducer, store) : grouped.reduce(reducer, named, store);
            }
            default: {
                Aggregator aggregator = RandomFunctions.aggregator(args.get("aggregator"));
                return named == null ? grouped.aggregate(init, aggregator, store) : grouped.aggregate(init, aggregator, named, store);
            }
        }
    }

    private KTable of(KGroupedTable grouped) {
        if (op.equals("count")) {
            if (store == null) return named == null ? grouped.count() : grouped.count(named);
            return named == null ? grouped.count(store) : grouped.count(named, store);
        }
        if (op.equals("reduce")) {
            Reducer adder = RandomFunctions.reducer(args.get("adder"));
            Reducer subtractor = RandomFunctions.reducer(args.get("subtractor"));
            if (store == null) return grouped.reduce(adder, subtractor); // there is none with a name alone
            return named == null ? grouped.reduce(adder, subtractor, store) : grouped.reduce(adder, subtractor, named, store);
        }
        Aggregator adder = RandomFunctions.aggregator(args.get("adder"));
        Aggregator subtractor = RandomFunctions.aggregator(args.get("subtractor"));
        return named == null ? grouped.aggregate(init, adder, subtractor, store) : grouped.aggregate(init, adder, subtractor, named, store);
    }

    private KTable of(TimeWindowedKStream windowed) {
        switch (op) {
            case "count":
                if (store == null) return named == null ? windowed.count() : windowed.count(named);
                return named == null ? windowed.count(store) : windowed.count(named, store);
            case "reduce": {
                Reducer reducer = RandomFunctions.reducer(args.get("reducer"));
                if (store == null) return named == null ? windowed.reduce(reducer) : windowed.reduce(reducer, named);
                return named == null ? windowed.reduce(reducer, store) : windowed.reduce(reducer, named, store);
            }
            default: {
                Aggregator aggregator = RandomFunctions.aggregator(args.get("aggregator"));
                return named == null ? windowed.aggregate(init, aggregator, store) : windowed.aggregate(init, aggregator, named, store);
            }
        }
    }

    private KTable of(SessionWindowedKStream windowed) {
        switch (op) {
            case "count":
                if (store == null) return named == null ? windowed.count() : windowed.count(named);
                return named == null ? windowed.count(store) : windowed.count(named, store);
            case "reduce": {
                Reducer reducer = RandomFunctions.reducer(args.get("reducer"));
                if (store == null) return named == null ? windowed.reduce(reducer) : windowed.reduce(reducer, named);
                return named == null ? windowed.reduce(reducer, store) : windowed.reduce(reducer, named, store);
            }
            default: {
                Aggregator aggregator = RandomFunctions.aggregator(args.get("aggregator"));
                return named == null
                    ? windowed.aggregate(init, aggregator, merger, store)
                    : windowed.aggregate(init, aggregator, merger, named, store);
            }
        }
    }
}
