import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import org.apache.kafka.streams.kstream.CogroupedKStream;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.SessionWindowedKStream;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.UnlimitedWindows;
import org.apache.kafka.streams.kstream.Windows;

/** The windows and the suppression of random topologies. */
@SuppressWarnings({"unchecked", "rawtypes"})
final class Windowing {
    private Windowing() {}

    static Object windowedBy(Object grouped, JsonNode args) {
        Object windowed = switch (args.get("type").asText()) {
            case "session" -> {
                SessionWindows windows = SessionWindows.ofInactivityGapAndGrace(millis(args, "gap"), millis(args, "grace"));
                yield grouped instanceof CogroupedKStream all ? all.windowedBy(windows) : ((KGroupedStream) grouped).windowedBy(windows);
            }
            case "sliding" -> {
                SlidingWindows windows = SlidingWindows.ofTimeDifferenceAndGrace(millis(args, "size"), millis(args, "grace"));
                yield grouped instanceof CogroupedKStream all ? all.windowedBy(windows) : ((KGroupedStream) grouped).windowedBy(windows);
            }
            default -> {
                Windows windows = timeWindows(args);
                yield grouped instanceof CogroupedKStream all ? all.windowedBy(windows) : ((KGroupedStream) grouped).windowedBy(windows);
            }
        };
        if (!args.path("emit").asText().equals("onWindowClose")) return windowed;
        EmitStrategy onClose = EmitStrategy.onWindowClose();
        return windowed instanceof TimeWindowedKStream ofTime
            ? ofTime.emitStrategy(onClose)
            : ((SessionWindowedKStream) windowed).emitStrategy(onClose);
    }

    private static Windows timeWindows(JsonNode args) {
        if (args.get("type").asText().equals("unlimited")) return UnlimitedWindows.of().startOn(Instant.ofEpochMilli(args.get("start").asLong()));
        TimeWindows windows = TimeWindows.ofSizeAndGrace(millis(args, "size"), millis(args, "grace"));
        return args.get("type").asText().equals("hopping") ? windows.advanceBy(millis(args, "advance")) : windows;
    }

    static Suppressed suppressed(JsonNode args, String name) {
        if (args.get("until").asText().equals("windowCloses")) {
            BufferConfig buffer = limited(args, BufferConfig.unbounded());
            var suppressed = Suppressed.untilWindowCloses((Suppressed.StrictBufferConfig) buffer);
            return name == null ? suppressed : suppressed.withName(name);
        }
        var suppressed = Suppressed.untilTimeLimit(millis(args, "ms"), limited(args, BufferConfig.unbounded()));
        return name == null ? suppressed : suppressed.withName(name);
    }

    private static BufferConfig limited(JsonNode args, BufferConfig unbounded) {
        BufferConfig buffer = unbounded;
        if (args.has("maxRecords")) buffer = buffer.withMaxRecords(args.get("maxRecords").asLong());
        if (args.has("maxBytes")) buffer = buffer.withMaxBytes(args.get("maxBytes").asLong());
        if (!args.has("maxRecords") && !args.has("maxBytes")) return buffer;
        return args.path("whenFull").asText().equals("shutDown") ? buffer.shutDownWhenFull() : buffer.emitEarlyWhenFull();
    }

    private static Duration millis(JsonNode args, String field) {
        return Duration.ofMillis(args.get(field).asLong());
    }
}
