import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addJob, closeInterruptedJobs, getJob, jobStarted } from '../../../src/main/engine/queue/records.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

it('a job whose process is gone failed; one that another process runs now is left alone', () => {
  const library = Library.create(join(folder, 'library'));
  const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const job = (pid: number): number => {
    const id = addJob(library, 'train', 'Train', {});
    jobStarted(library, id);
    library.db.prepare('UPDATE job SET pid = ? WHERE id = ?').run(pid, id);
    return id;
  };
  const [dead, alive] = [job(gone), job(other.pid!)];
  closeInterruptedJobs(library);
  expect(getJob(library, dead)).toMatchObject({ state: 'failed', error: { code: 'ENGINE_EXITED' } });
  expect(getJob(library, alive)).toMatchObject({ state: 'running', error: null });
  other.kill();
  library.close();
});
