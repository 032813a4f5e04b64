import vue from '@vitejs/plugin-vue';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { TEST_ENVIRONMENT } from './test/support/environment.ts';

/** Files of tests that take more than five seconds of a processor: `npm test` runs them, `npm run check` and `npm run watch` do not. */
const SLOW: readonly string[] = [
  'test/unit/adapt/adapt.test.ts',
  'test/unit/answers/written-jobs.test.ts',
  'test/unit/training/standing.test.ts',
  'test/unit/training/broken-card.test.ts',
  'test/unit/training/recipe-parts.test.ts',
  'test/unit/cli/cli.test.ts',
  'test/unit/cli/research.test.ts',
  'test/unit/cli/shapes.test.ts',
  'test/unit/cli/signals.test.ts',
  'test/unit/clustering/cluster.test.ts',
  'test/unit/plan/cluster-in-shards.test.ts',
  'test/unit/plan/domains-in-shards.test.ts',
  'test/unit/plan/matches-in-shards.test.ts',
  'test/unit/plan/ranks-in-shards.test.ts',
  'test/unit/plan/sweeps-in-shards.test.ts',
  'test/unit/plan/teacher-in-shards.test.ts',
  'test/unit/collections/commands.test.ts',
  'test/unit/collections/subset-teacher.test.ts',
  'test/unit/collections/exports/interrupted.test.ts',
  'test/unit/collections/exports/read-by-others.test.ts',
  'test/unit/collections/gps.test.ts',
  'test/unit/edges/drawing-search.test.ts',
  'test/unit/evaluation/sketches.test.ts',
  'test/unit/exchange/read-by-others.test.ts',
  'test/unit/evaluation/teacher.test.ts',
  'test/unit/library/facts.test.ts',
  'test/unit/library/recovery.test.ts',
  'test/unit/retrieval/regions-through-heads.test.ts',
  'test/unit/retrieval/told-and-stopped.test.ts',
  'test/unit/sample/sample.test.ts',
  'test/unit/disk/full-disks-of-jobs.test.ts',
  'test/unit/disk/nothing-overwritten.test.ts',
  'test/unit/disk/two-at-once.test.ts',
  'test/unit/death/children.test.ts',
  'test/unit/death/kills.test.ts',
  'test/unit/death/points.test.ts',
  'test/unit/death/sweep.test.ts',
  'test/unit/death/weights.test.ts',
  'test/unit/domains/domains.test.ts',
  'test/unit/environment/log.test.ts',
  'test/unit/house/studio.test.ts',
  'test/unit/mining/worlds.test.ts',
  'test/unit/network/poolings.test.ts',
  'test/unit/retrieval/extracted-at-once.test.ts',
  'test/unit/package/installed.test.ts',
  'test/unit/plan/extract-in-shards.test.ts',
  'test/unit/plan/local-processes.test.ts',
  'test/unit/plan/ten-thousand-shards.test.ts',
  'test/unit/server/engine.test.ts',
  'test/unit/sfm/made-by-colmap4.test.ts',
  'test/unit/sfm/readers.test.ts',
  'test/unit/training/edges.test.ts',
  'test/unit/training/executors.test.ts',
  'test/unit/training/resume.test.ts',
  'test/unit/training/long-steps.test.ts',
  'test/unit/training/steps-at-once.test.ts',
  'test/unit/training/whiten.test.ts',
];
const quick = process.env['COVIS_QUICK'] === '1';
/** End to end, each with the machine for itself: memory is held against a limit, a window hangs, two users install a package, networks are trained for minutes, COLMAP builds models (beside axe its matching took ten times as long, as a job stands back). */
const ALONE: readonly string[] = [
  'test/e2e/attack.test.ts',
  'test/e2e/desktop-hang.test.ts',
  'test/e2e/dev.test.ts',
  'test/e2e/draw.test.ts',
  'test/e2e/package.test.ts',
  'test/e2e/start.test.ts',
  'test/e2e/train.test.ts',
];
const E2E = {
  env: TEST_ENVIRONMENT,
  globalSetup: ['test/e2e/built.ts'],
  testTimeout: 180_000,
  hookTimeout: 300_000,
  pool: 'forks' as const,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: quick ? [...SLOW] : [],
          env: TEST_ENVIRONMENT,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
        },
      },
      {
        plugins: [vue()],
        test: {
          name: 'page',
          include: ['test/page/**/*.test.ts'],
          environment: 'happy-dom',
          // Colours are tested as they stand in the style sheet.
          css: true,
        },
      },
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          env: TEST_ENVIRONMENT,
          testTimeout: 600_000,
          pool: 'forks',
          // Each is a process of its own.
          maxConcurrency: Math.max(2, Math.min(4, availableParallelism())),
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          env: TEST_ENVIRONMENT,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
      // Windows wait for frames and answers half of the time: two files at once.
      {
        test: {
          ...E2E,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...ALONE],
          maxWorkers: Math.max(2, availableParallelism() >> 1),
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...E2E,
          name: 'e2e-alone',
          include: [...ALONE],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
