// Two projects: 'unit' needs nothing but Node; 'integration' finds or starts a real broker (integration/broker).
const shared = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
}

export default {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/tests/**/*.test.ts'] },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/integration/**/*.test.ts'],
      globalSetup: '<rootDir>/integration/broker/global-setup.ts',
      globalTeardown: '<rootDir>/integration/broker/global-teardown.ts',
    },
  ],
  testSequencer: '<rootDir>/integration/long-files-first.js',
  testTimeout: 30_000,
  // On small machines jest would leave a core idle.
  maxWorkers: '100%',
}
