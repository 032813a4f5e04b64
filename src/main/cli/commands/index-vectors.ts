/** `covis index`: descriptors beyond memory, indexed on the disk and searched there. */
import { CovisError } from '../../../shared/errors.ts';
import { indexBuildJob, indexSearchJob } from '../../../shared/jobs/index-vectors.ts';
import { saidBy } from '../../../shared/jobs/job.ts';
import { indexFiles, searchIndexFiles } from '../../engine/evaluation/index-files.ts';
import { command } from '../program/command.ts';
import { print, terminalContext } from '../program/output.ts';

export const indexCommand = command({
  name: 'index',
  summary: 'descriptors beyond memory: indexed in a folder, and searched where they lie',
  run: () => {
    throw new CovisError('INPUT_INVALID', 'covis index takes a second word: build or search', {
      hint: 'covis index --help',
    });
  },
});

const { descriptors, out, ...building } = indexBuildJob.params.shape;

export const indexBuild = command({
  name: 'index build',
  summary: 'index the rows of a .npy in a folder, a shard at a time, with no more in memory than a shard',
  arguments: { descriptors, out },
  options: building,
  run: (o) => {
    const task = terminalContext();
    const built = indexFiles(o, task);
    task.finish();
    print(o.json, built, () => saidBy(indexBuildJob, built));
  },
});

const { index, queries, withScores: _beside, ...searching } = indexSearchJob.params.shape;

export const indexSearch = command({
  name: 'index search',
  summary:
    'rank the rows of an index for each query: near ones as its graphs find them, scores from its rows on the disk',
  arguments: { index, queries },
  options: searching,
  run: async (o) => {
    const task = terminalContext();
    const report = await searchIndexFiles(o, task).finally(() => task.finish());
    print(o.json, report, () => saidBy(indexSearchJob, report));
  },
});
