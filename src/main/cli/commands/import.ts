import { jobCommand } from '../program/job.ts';

export const importCommand = jobCommand('import', {
  name: 'import',
  summary: 'import 3D models and their photos, plain folders of photos, or lists of pairs',
  library: 'create',
  words: ['sources'],
  lines: (r) => [
    `${r.photos} photos, ${r.clusters} clusters, ${r.points} points, ${r.observations} observations, ${r.pairs} pairs`,
    ...(r.missing.length > 0 ? [`${r.missing.length} photos are missing (listed above)`] : []),
  ],
});
