import { resolve } from 'node:path';
import { counted } from '../../../shared/counted.ts';
import { z } from 'zod';
import { excludedInWords } from '../../../shared/jobs/cluster.ts';
import { refuseNoPhotos } from '../../engine/clustering/cluster.ts';
import { jobCommand } from '../program/job.ts';
import { beforeMaking } from '../program/library.ts';
import { duration } from '../../../shared/duration.ts';

export const cluster = jobCommand('cluster', {
  name: 'cluster',
  summary: 'find the places in a folder of photos and build a 3D model of each, without annotation',
  library: 'option',
  words: ['photos'],
  omit: ['reconstruct'],
  options: {
    matchesOnly: z.boolean().default(false).meta({ help: 'stop at verified matches, without COLMAP' }),
  },
  before: ({ photos }, library) => beforeMaking(library, () => refuseNoPhotos(resolve(photos))),
  given: (typed, { matchesOnly }) => ({ ...typed, reconstruct: !matchesOnly }),
  lines: (r) => [
    `${counted(r.photos, 'photo')}, ${counted(r.pairs, 'pair')} looked at, ${r.verified} verified, ${counted(r.scenes, 'scene')}`,
    ...(r.apart === 0
      ? []
      : [
          `${r.apart} verified pairs join nothing: they are of a thing that many photos show, or of one beside what the photo is of`,
        ]),
    `${r.alone} of ${r.photos} photos share no point with another`,
    ...r.clusters.map((c) => `${c.id}  ${c.name}: ${counted(c.photos.length, 'photo')}, ${counted(c.points, 'point')}`),
    `${counted(r.unclustered.length, 'photo is', 'photos are')} in no cluster`,
    ...excludedInWords(r.excluded?.length ?? 0),
    ...r.steps.map((s) => `  ${s.name}: ${duration(s.seconds)}`),
  ],
});
