import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Merger;
import org.apache.kafka.streams.kstream.Predicate;
import org.apache.kafka.streams.kstream.Reducer;
import org.apache.kafka.streams.kstream.ValueJoinerWithKey;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;

/** The functions of random topologies, by name: the twin of tests/golden/random-functions.ts. A case names one as a list: ["append", "!"]. */
final class RandomFunctions {
    private RandomFunctions() {}

    static Predicate<Object, Object> predicate(JsonNode spec) {
        String name = spec.get(0).asText();
        return switch (name) {
            case "valueNotNull" -> (k, v) -> v != null;
            case "keyNotNull" -> (k, v) -> k != null;
            case "lengthMod" -> (k, v) -> v != null && mod(text(v).length(), number(spec, 1)) == number(spec, 2);
            case "sumMod" -> (k, v) -> v != null && mod(sum(text(v)), number(spec, 1)) == number(spec, 2);
            case "longMod" -> (k, v) -> v != null && mod((Long) v, number(spec, 1)) == number(spec, 2);
            case "longAtLeast" -> (k, v) -> v != null && (Long) v >= number(spec, 1);
            case "keySumMod" -> (k, v) -> k != null && mod(sum(innerKey(k)), number(spec, 1)) == number(spec, 2);
            case "contains" -> (k, v) -> v != null && ((String) v).contains(string(spec, 1));
            default -> throw unknown(name);
        };
    }

    static ValueMapperWithKey<Object, Object, Object> value(JsonNode spec) {
        String name = spec.get(0).asText();
        return switch (name) {
            case "same" -> (k, v) -> v;
            case "withKey" -> (k, v) -> keyText(k) + string(spec, 1) + text(v);
            case "orElse" -> (k, v) -> v == null ? string(spec, 1) : v;
            case "orElseLong" -> (k, v) -> v == null ? (Long) number(spec, 1) : v;
            default -> {
                Function<Object, Object> ofValue = valueUnlessNull(name, spec);
                yield (k, v) -> v == null ? null : ofValue.apply(v);
            }
        };
    }

    private static Function<Object, Object> valueUnlessNull(String name, JsonNode spec) {
        return switch (name) {
            case "prefixText" -> v -> string(spec, 1) + text(v);
            case "upper" -> v -> upper((String) v);
            case "append" -> v -> v + string(spec, 1);
            case "reverse" -> v -> new StringBuilder((String) v).reverse().toString();
            case "firstWord" -> v -> firstWord((String) v);
            case "lastChars" -> v -> tail((String) v, spec);
            case "nullIfLengthMod" -> v -> mod(((String) v).length(), number(spec, 1)) == number(spec, 2) ? null : v;
            case "length" -> v -> (long) text(v).length();
            case "codeSum" -> v -> sum(text(v));
            case "add" -> v -> (Long) v + number(spec, 1);
            case "times" -> v -> (Long) v * number(spec, 1);
            case "mod" -> v -> mod((Long) v, number(spec, 1));
            case "nullIfMod" -> v -> mod((Long) v, number(spec, 1)) == number(spec, 2) ? null : v;
            case "bucket" -> v -> "b" + Math.floorDiv((Long) v, number(spec, 1));
            default -> throw unknown(name);
        };
    }

    static KeyValueMapper<Object, Object, Object> key(JsonNode spec) {
        String name = spec.get(0).asText();
        return switch (name) {
            case "constKey" -> (k, v) -> string(spec, 1);
            case "valuePick" -> (k, v) -> v == null ? null : picked(spec, v instanceof Long n ? n : sum((String) v));
            case "valueFirstWord" -> (k, v) -> v == null ? null : firstWord((String) v);
            case "valueLengthMod" -> (k, v) -> v == null ? null : "L" + mod(text(v).length(), number(spec, 1));
            case "innerKey" -> (k, v) -> innerKey(k);
            default -> {
                Function<Object, Object> ofKey = keyUnlessNull(name, spec);
                yield (k, v) -> k == null ? null : ofKey.apply(k);
            }
        };
    }

    private static Function<Object, Object> keyUnlessNull(String name, JsonNode spec) {
        return switch (name) {
            case "keyFirstChar" -> k -> innerKey(k).isEmpty() ? "" : Character.toString(innerKey(k).codePointAt(0));
            case "keyMod" -> k -> "m" + mod(sum(innerKey(k)), number(spec, 1));
            case "keyAppend" -> k -> innerKey(k) + string(spec, 1);
            case "keyPick" -> k -> picked(spec, sum(innerKey(k)));
            case "windowText" -> k -> keyText(k);
            case "windowStart" -> k -> "w" + ((Windowed<?>) k).window().start();
            default -> throw unknown(name);
        };
    }

    static Function<Object, List<Object>> list(JsonNode spec) {
        String name = spec.get(0).asText();
        Function<Object, List<Object>> ofValue = switch (name) {
            case "words" -> v -> new ArrayList<>(words((String) v));
            case "twice" -> v -> List.of(v, v + string(spec, 1));
            case "halves" -> v -> List.of(Math.floorDiv((Long) v, 2L), (Long) v - Math.floorDiv((Long) v, 2L));
            case "repeatMod" -> v -> Collections.nCopies((int) mod(sum(text(v)), number(spec, 1)), v);
            default -> throw unknown(name);
        };
        return v -> v == null ? List.of() : ofValue.apply(v);
    }

    static KeyValueMapper<Object, Object, List<KeyValue<Object, Object>>> pairs(JsonNode spec) {
        String name = spec.get(0).asText();
        return switch (name) {
            case "wordsAsKeys" -> (k, v) -> v == null ? List.of() : words((String) v).stream().map(word -> pair(word, v)).toList();
            case "fanOut" -> (k, v) -> {
                List<KeyValue<Object, Object>> all = new ArrayList<>();
                for (JsonNode key : spec.get(1)) all.add(pair(key.asText(), v));
                return all;
            };
            case "andRekeyed" -> {
                KeyValueMapper<Object, Object, Object> rekeyed = key(spec.get(1));
                yield (k, v) -> List.of(pair(k, v), pair(rekeyed.apply(k, v), v));
            }
            case "swap" -> (k, v) -> v == null || firstWord((String) v) == null ? List.of() : List.of(pair(firstWord((String) v), keyText(k)));
            default -> throw unknown(name);
        };
    }

    static Aggregator<Object, Object, Object> aggregator(JsonNode spec) {
        String name = spec.get(0).asText();
        return switch (name) {
            case "addLong" -> (k, v, g) -> num(g) + num(v);
            case "subLong" -> (k, v, g) -> num(g) - num(v);
            case "maxLong" -> (k, v, g) -> v == null ? g : (Long) Math.max(num(g), num(v));
            case "addLength" -> (k, v, g) -> num(g) + lengthOrZero(v);
            case "subLength" -> (k, v, g) -> num(g) - lengthOrZero(v);
            case "concat" -> (k, v, g) -> tail(text(g) + string(spec, 1) + text(v), spec);
            case "concatWithKey" -> (k, v, g) -> tail(text(g) + keyText(k) + string(spec, 1) + text(v), spec);
            case "addLengthOrNull" -> (k, v, g) -> unlessMultiple(num(g) + lengthOrZero(v), number(spec, 1));
            default -> throw unknown(name);
        };
    }

    static Reducer<Object> reducer(JsonNode spec) {
        String name = spec.get(0).asText();
        return switch (name) {
            case "sum" -> (a, b) -> num(a) + num(b);
            case "minus" -> (a, b) -> num(a) - num(b);
            case "max" -> (a, b) -> Math.max(num(a), num(b));
            case "min" -> (a, b) -> Math.min(num(a), num(b));
            case "last" -> (a, b) -> b;
            case "concat" -> (a, b) -> tail(text(a) + string(spec, 1) + text(b), spec);
            case "sumOrNull" -> (a, b) -> unlessMultiple(num(a) + num(b), number(spec, 1));
            default -> throw unknown(name);
        };
    }

    static ValueJoinerWithKey<Object, Object, Object, Object> joiner(JsonNode spec) {
        String name = spec.get(0).asText();
        return switch (name) {
            case "concat" -> (k, a, b) -> tail(text(a) + string(spec, 1) + text(b), spec);
            case "concatWithKey" -> (k, a, b) -> tail(keyText(k) + string(spec, 1) + text(a) + string(spec, 1) + text(b), spec);
            case "sum" -> (k, a, b) -> num(a) + num(b);
            case "lengths" -> (k, a, b) -> (long) (text(a).length() + text(b).length());
            case "left" -> (k, a, b) -> a;
            case "right" -> (k, a, b) -> b;
            case "nullIfLengthMod" -> (k, a, b) -> {
                String joined = tail(text(a) + string(spec, 1) + text(b), (int) number(spec, 2));
                return mod(joined.length(), number(spec, 3)) == 0 ? null : joined;
            };
            default -> throw unknown(name);
        };
    }

    static Merger<Object, Object> merger(JsonNode spec) {
        String name = spec.get(0).asText();
        return switch (name) {
            case "sum" -> (k, a, b) -> num(a) + num(b);
            case "max" -> (k, a, b) -> Math.max(num(a), num(b));
            case "concat" -> (k, a, b) -> tail(text(a) + text(b), (int) number(spec, 1));
            default -> throw unknown(name);
        };
    }

    static String text(Object x) {
        return String.valueOf(x);
    }

    static long num(Object x) {
        return x == null ? 0 : (Long) x;
    }

    private static String innerKey(Object k) {
        return k instanceof Windowed<?> windowed ? (String) windowed.key() : (String) k;
    }

    private static String keyText(Object k) {
        if (!(k instanceof Windowed<?> windowed)) return text(k);
        String start = windowed.key() + "@" + windowed.window().start();
        return windowed.window() instanceof SessionWindow session ? start + "-" + session.end() : start;
    }

    private static long sum(String s) {
        return s.chars().asLongStream().sum();
    }

    private static long mod(long a, long n) {
        return Math.floorMod(a, n);
    }

    private static Object unlessMultiple(long x, long n) {
        return mod(x, n) == 0 ? null : (Object) x;
    }

    private static long lengthOrZero(Object v) {
        return v == null ? 0 : text(v).length();
    }

    /** The last code points, as many as the second parameter says, or the only one. */
    private static String tail(String s, JsonNode spec) {
        return tail(s, spec.get(spec.size() - 1).asInt());
    }

    private static String tail(String s, int n) {
        int count = s.codePointCount(0, s.length());
        return count <= n ? s : s.substring(s.offsetByCodePoints(0, count - n));
    }

    private static List<String> words(String s) {
        List<String> words = new ArrayList<>();
        for (String word : s.split(" ")) if (!word.isEmpty()) words.add(word);
        return words;
    }

    private static String firstWord(String s) {
        List<String> words = words(s);
        return words.isEmpty() ? null : words.get(0);
    }

    private static String upper(String s) {
        StringBuilder upper = new StringBuilder();
        for (char c : s.toCharArray()) upper.append(c >= 'a' && c <= 'z' ? (char) (c - 32) : c);
        return upper.toString();
    }

    private static String picked(JsonNode spec, long x) {
        return spec.get(1).get((int) mod(x, spec.get(1).size())).asText();
    }

    private static KeyValue<Object, Object> pair(Object key, Object value) {
        return KeyValue.pair(key, value);
    }

    private static String string(JsonNode spec, int at) {
        return spec.get(at).asText();
    }

    private static long number(JsonNode spec, int at) {
        return spec.get(at).asLong();
    }

    private static IllegalArgumentException unknown(String name) {
        return new IllegalArgumentException("no function '" + name + "' of random topologies");
    }
}
