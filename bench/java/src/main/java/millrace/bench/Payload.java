package millrace.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What every client sends: bench/client/payload.ts has the same lines. */
record Payload(byte[] key, byte[] value) {
  private static final int POOL = 100_070;
  private static final int KEYS = 10_007;
  /** Where the digits of a value begin that tell it from others. */
  private static final int DIGITS_AT = 6;

  static Payload[] all() {
    Payload[] pool = new Payload[POOL];
    for (int i = 0; i < POOL; i++) {
      String value = "{\"id\":" + i * 7_919L % 1_000_003 + ",\"page\":\"/item/" + i * 31 % 977
          + "\",\"ms\":" + i * 17 % 1_009 + ",\"ok\":true}";
      pool[i] = new Payload(ascii("key-" + i % KEYS), ascii(value));
    }
    return pool;
  }

  /** A look at a value that is cheap enough to take while the time is measured. */
  static int glance(byte[] value) {
    return ByteBuffer.wrap(value).getInt(DIGITS_AT);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
