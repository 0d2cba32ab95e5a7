package millrace.bench;

import java.util.HashMap;
import java.util.Map;

/** The command line of one client's share of a round; bench/client/options.ts says what each means. */
record ClientOptions(
    String brokers,
    String codec,
    String produceTo,
    String fetchFrom,
    String transactTo,
    int partitions,
    int records,
    int transactions,
    int batchBytes,
    String id) {

  static ClientOptions parse(String[] args) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) values.put(args[i], args[i + 1]);
    return new ClientOptions(
        required(values, "--brokers"),
        required(values, "--codec"),
        required(values, "--produce-to"),
        required(values, "--fetch-from"),
        required(values, "--transact-to"),
        Integer.parseInt(required(values, "--partitions")),
        Integer.parseInt(required(values, "--records")),
        Integer.parseInt(required(values, "--transactions")),
        Integer.parseInt(required(values, "--batch-bytes")),
        required(values, "--id"));
  }

  private static String required(Map<String, String> values, String name) {
    String value = values.get(name);
    if (value == null) throw new IllegalArgumentException(name + " is missing");
    return value;
  }
}
