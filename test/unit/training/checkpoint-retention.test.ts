import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { writeSettings } from '../../../src/main/engine/environment/settings.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { checkpointsOf, letCheckpointsGo } from '../../../src/main/engine/training/checkpoint-retention.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

/** Runs in these states, each with a checkpoint that is a second newer than the last. */
function withRuns(name: string, states: readonly string[]): Library {
  const library = Library.create(join(folder, name));
  const { id } = ensureDefaultNetwork(library);
  states.forEach((state, i) => {
    library.db
      .prepare(
        "INSERT INTO training_run (created, state, pid, network_id, parameters, device) VALUES ('', ?, 1, ?, '{}', '')",
      )
      .run(state, id);
    const file = library.file('runs', `${i + 1}.checkpoint`);
    writeFileSync(file, 'x'.repeat(i + 1));
    utimesSync(file, 1000 + i, 1000 + i);
  });
  return library;
}

it('keeps the newest of runs that ended early and that of a run under way; one of a run that is done is of no use', () => {
  const library = withRuns('four', ['running', 'failed', 'stopped', 'failed', 'done']);
  expect(checkpointsOf(library, 2).map(({ run, bytes, kept, firm }) => [run, bytes, kept, firm])).toEqual([
    [5, 5, null, false],
    [4, 4, 'its run ended early and is taken up from it', false],
    [3, 3, 'its run ended early and is taken up from it', false],
    [2, 2, null, false],
    [1, 1, 'its run is under way', true],
  ]);
  const said: string[] = [];
  letCheckpointsGo(library, (m) => said.push(m), 2);
  expect([1, 2, 3, 4, 5].map((n) => existsSync(library.file('runs', `${n}.checkpoint`)))).toEqual([
    true,
    false,
    true,
    true,
    false,
  ]);
  expect(said).toEqual([
    expect.stringMatching(/^The checkpoint of training run 2, which ended early, was let go: the newest 2/),
  ]);
  expect(library.db.prepare('SELECT COUNT(*) FROM training_run').pluck().get()).toBe(5);
  library.close();
});

it('keeps as many as the person set, ten where nothing is set', () => {
  vi.stubEnv('COVIS_SETTINGS', join(folder, 'settings.json'));
  const library = withRuns(
    'many',
    Array.from({ length: 12 }, () => 'stopped'),
  );
  const kept = (): number => checkpointsOf(library).filter((c) => c.kept !== null).length;
  expect(kept()).toBe(10);
  writeSettings({ checkpoints: 3 });
  expect(kept()).toBe(3);
  vi.unstubAllEnvs();
  library.close();
});
