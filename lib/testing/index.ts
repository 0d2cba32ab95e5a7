// 'millrace/testing': what tests of applications need; not for production.
import '../core/node-version.ts'

export { type MemoryCluster, type MemoryClusterOptions, memoryCluster } from '../client/memory/index.ts'
export { VirtualClock } from '../core/clock.ts'
export { EndlessTopologyError, NoOutputRecordError } from './errors.ts'
export { type CapturedForward, type MockContextOptions, MockProcessorContext } from './mock-processor-context.ts'
export type { MockPunctuator } from './mock-punctuator.ts'
export { type SimulationOptions, type SimulationResult, simulate } from './simulation/simulate.ts'
export type { InputTopicOptions, ListTimes, TestInputTopic, TestRecord } from './test-input-topic.ts'
export type { OutputRecord, OutputTopicOptions, TestOutputTopic } from './test-output-topic.ts'
export { type TestDriverOptions, TopologyTestDriver } from './topology-test-driver.ts'
