package millrace.bench;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** What a run is told on its command line. */
record Options(
    String benchCase,
    boolean exactlyOnce,
    String brokers,
    String input,
    long records,
    String applicationId,
    String stateDir,
    OptionalInt commitIntervalMs,
    boolean live,
    int timeoutSeconds) {

  static final String USAGE =
      """
      Usage: node bench/java/run.ts --guarantee at_least_once|exactly_once
        --case pipe|filter|count|wordcount|window|hopping|session|join|table-join|fk-join
        --brokers HOST:PORT,... --input TOPIC --records N --application-id ID --state-dir FOLDER
        [--commit-interval-ms N] [--live true] [--timeout-seconds N]
      The input topic must hold exactly N records, or with --live get them while this runs; the application id must be new.""";

  private static final Set<String> CASES =
      Set.of(
          "pipe", "filter", "count", "wordcount", "window", "hopping", "session", "join", "table-join",
          "fk-join");

  private static final Set<String> NAMES =
      Set.of(
          "case", "guarantee", "brokers", "input", "records", "application-id", "state-dir",
          "commit-interval-ms", "live", "timeout-seconds");

  static Options parse(String[] args) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      String name = args[i].startsWith("--") ? args[i].substring(2) : "";
      if (!NAMES.contains(name)) throw new IllegalArgumentException("Unknown option " + args[i]);
      if (i + 1 == args.length) throw new IllegalArgumentException(args[i] + " needs a value");
      values.put(name, args[i + 1]);
    }
    String commitIntervalMs = values.get("commit-interval-ms");
    return new Options(
        oneOf(values, "case", CASES),
        !oneOf(values, "guarantee", Set.of("at_least_once", "exactly_once", "exactly_once_v2"))
            .equals("at_least_once"),
        required(values, "brokers"),
        required(values, "input"),
        Long.parseLong(required(values, "records")),
        required(values, "application-id"),
        required(values, "state-dir"),
        commitIntervalMs == null
            ? OptionalInt.empty()
            : OptionalInt.of(Integer.parseInt(commitIntervalMs)),
        Boolean.parseBoolean(values.get("live")),
        Integer.parseInt(values.getOrDefault("timeout-seconds", "600")));
  }

  String guarantee() {
    return exactlyOnce ? "exactly_once" : "at_least_once";
  }

  String output() {
    return applicationId + "-output";
  }

  private static String required(Map<String, String> values, String name) {
    String value = values.get(name);
    if (value == null) throw new IllegalArgumentException("--" + name + " is missing");
    return value;
  }

  private static String oneOf(Map<String, String> values, String name, Set<String> allowed) {
    String value = required(values, name);
    if (!allowed.contains(value)) {
      throw new IllegalArgumentException("--" + name + " must be one of " + allowed + ", got " + value);
    }
    return value;
  }
}
