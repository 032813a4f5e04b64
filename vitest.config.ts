import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Files of tests that take more than ten seconds of a processor: `npm test` runs them, `npm run check` and `npm run watch` do not. */
const SLOW: readonly string[] = [];
const quick = process.env['COVIS_QUICK'] === '1';
/** Tests do not write into the log of the person who runs them. */
const env = { COVIS_LOGS: join(tmpdir(), 'covis-test-logs') };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: quick ? [...SLOW] : [],
          env,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          env,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
    ],
  },
});
