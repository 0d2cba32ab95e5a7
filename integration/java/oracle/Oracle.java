// Java Kafka Streams' TopologyTestDriver, given random topologies by JSON lines on stdin; ../java-oracle.ts starts it and knows the lines.
//
//   {"applicationId":…,"config":{…},"initialWallClockMs":…,"topology":{"nodes":[…]},"steps":[…]}
//       A case without its results, in the form that tests/golden/README.md describes. Answers {"topologyDescription":…,"outputs":{…},"stores":{…}},
//       with "failsAt":n if the task fails in step n: what it did before is in "outputs" then, and there are no "stores".
//
// A topology that Java does not build or start answers {"rejected":…}, and the next line is read.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

public final class Oracle {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Oracle() {}

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);
        System.setOut(System.err); // what libraries print is not an answer
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            out.println(JSON.writeValueAsString(answer(JSON.readTree(line))));
            out.flush();
        }
    }

    private static ObjectNode answer(JsonNode oneCase) {
        try {
            return new CaseRun(oneCase).run();
        } catch (Exception e) {
            return JSON.createObjectNode().put("rejected", String.valueOf(e.getMessage() == null ? e : e.getMessage()));
        }
    }
}
