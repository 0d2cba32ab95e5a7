// As client/millrace.ts, with transactions as they were before KIP-890.
process.env.MILLRACE_BENCH_TRANSACTION_VERSION = '1'
await import('./millrace.ts')
