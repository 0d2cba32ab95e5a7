import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.Options;

/** Makes each of the many small databases of a case fast to open and close: no threads and no statistics of its own. */
public final class QuietRocks implements RocksDBConfigSetter {
    @Override
    public void setConfig(String storeName, Options options, Map<String, Object> configs) {
        options.setMaxFileOpeningThreads(1);
        options.setMaxOpenFiles(64);
        options.setStatsDumpPeriodSec(0);
        options.setStatsPersistPeriodSec(0);
        options.setMaxBackgroundJobs(1);
        options.setWriteBufferSize(256 * 1024);
        options.setKeepLogFileNum(1);
    }

    @Override
    public void close(String storeName, Options options) {}
}
