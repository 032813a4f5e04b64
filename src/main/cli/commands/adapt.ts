import { counted } from '../../../shared/counted.ts';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import type { AdaptReport } from '../../../shared/facts/adapt.ts';
import { ADAPT_PROTOCOL_NAMES, CANDIDATE_NAMES } from '../../../shared/facts/adapt-names.ts';
import { adaptJob } from '../../../shared/jobs/adapt.ts';
import { jobCommand } from '../program/job.ts';
import { beforeMaking } from '../program/library.ts';
import { duration } from '../../../shared/duration.ts';
import { differenceOf100, meanOf100 } from '../../../shared/precision.ts';
import { refuseAll, refuseTogether } from '../program/together.ts';

function lines(r: AdaptReport): string[] {
  if (r.outcome === 'undone') return [r.said];
  return [
    `${counted(r.photos, 'photo')}, ${counted(r.places, 'place')} that ask, ${counted(r.pairs, 'pair')} of ${r.geometry}`,
    ...r.protocols
      .filter((p) => p.missing !== null)
      .map((p) => `Not measurable: ${ADAPT_PROTOCOL_NAMES[p.protocol]}. ${p.missing ?? ''}`),
    'Chosen by the collection:',
    ...r.guards.map((g) => `  ${g.label.padEnd(16)} ${String(+g.value.toPrecision(3)).padEnd(8)} ${g.why}`),
    `Tried, by mAP of ${ADAPT_PROTOCOL_NAMES[r.protocol]}:`,
    ...r.candidates.map(
      (c) =>
        `  ${CANDIDATE_NAMES[c.name].padEnd(24)} ${c.map === null ? (c.why ?? '') : meanOf100(c.map)}${c.difference === null ? '' : `   ${differenceOf100(c.difference)}`}`,
    ),
    ...r.figures.flatMap((f) => [
      `${ADAPT_PROTOCOL_NAMES[f.protocol]}: ${meanOf100(f.before)} before, ${meanOf100(f.after)} after; ${counted(f.queries, 'query', 'queries')} of ${counted(f.places, 'place')}`,
      `  ${f.learned}`,
    ]),
    ...(r.gained.length === 0
      ? []
      : [
          `Gained most: ${r.gained
            .slice(0, 3)
            .map((q) => q.name)
            .join(', ')}`,
        ]),
    ...(r.lost.length === 0
      ? []
      : [
          `Lost most: ${r.lost
            .slice(0, 3)
            .map((q) => q.name)
            .join(', ')}`,
        ]),
    r.said,
    duration(r.seconds),
  ];
}

export const adapt = jobCommand('adapt', {
  name: 'adapt',
  summary: 'learn from the photos that are there, measure, and have search take what is better',
  library: 'create',
  omit: ['reconstruct'],
  options: {
    matchesOnly: z.boolean().default(false).meta({ help: 'stop at verified matches, without COLMAP' }),
  },
  before: ({ photos }, library) => {
    // Made only where photos come with it.
    if (photos === undefined && !existsSync(library))
      throw new CovisError('INPUT_MISSING', 'There is no library here', {
        file: library,
        hint: 'Name a folder of photos to make one of: --photos FOLDER',
      });
    return beforeMaking(library, async () => {
      if (photos !== undefined) (await import('../../engine/clustering/cluster.ts')).refuseNoPhotos(resolve(photos));
    });
  },
  given: ({ undo, ...rest }, { matchesOnly }) => {
    if (undo !== true) return { ...rest, reconstruct: !matchesOnly };
    const { protocol: _, ...others } = rest;
    refuseAll(adaptJob.params, others, 'does not go with --undo');
    refuseTogether({ matchesOnly }, ['matchesOnly'], 'does not go with --undo');
    return { undo };
  },
  lines,
});
