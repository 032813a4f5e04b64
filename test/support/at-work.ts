/**
 * A program at work on a library, to be killed: `node at-work.ts LIBRARY WHAT`. `job` notes a job as running, and another as waiting, with an
 * unfinished folder and a file half written; `run` takes training run 1; says `ready` and waits.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Library } from '../../src/main/engine/library/library.ts';
import { addJob, jobStarted } from '../../src/main/engine/queue/records.ts';
import { ownRun } from '../../src/main/engine/training/runs.ts';

const [path, what] = process.argv.slice(2) as [string, string];
const library = Library.open(path);
if (what === 'job') {
  jobStarted(library, addJob(library, 'import', 'Import castle', {}));
  addJob(library, 'extract', 'Describe', {});
  const staging = library.staging();
  mkdirSync(join(staging, 'model'));
  writeFileSync(join(staging, 'model', 'points.npy'), 'half');
  writeFileSync(library.file('features', `a.sift1.${process.pid}.tmp`), 'half');
}
if (what === 'run') {
  library.db
    .prepare("UPDATE training_run SET state = 'running', pid = ?, owner = ? WHERE id = 1")
    .run(process.pid, library.owner);
  ownRun(library, 1);
}
process.stdout.write('ready\n');
setInterval(() => undefined, 1000);
