import { z } from 'zod';
import { qualityField } from '../../../shared/facts/quality.ts';
import { counted } from '../../../shared/counted.ts';
import { qualityHistogram } from '../../engine/features/quality-store.ts';
import { command } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { print } from '../program/output.ts';

const BAR = 40;

export const quality = command({
  name: 'quality',
  summary:
    'measure sharpness, exposure, entropy, colourfulness and blockiness of all photos, and show how a field is spread',
  arguments: libraryWord,
  options: {
    field: qualityField.optional().meta({ help: 'show its histogram' }),
    bins: z.int().min(1).max(1000).default(20).meta({ help: 'of the histogram' }),
  },
  run: (o) =>
    withLibrary(o.library, false, async (library) => {
      const done = await runJob(library, 'quality', {});
      const histogram = o.field === undefined ? undefined : qualityHistogram(library, o.field, o.bins);
      print(o.json, { ...done, ...(histogram === undefined ? {} : { histogram }) }, () => [
        `${counted(done.photos, 'photo is', 'photos are')} measured, ${done.computed} of them now${done.failed > 0 ? `; ${done.failed} could not be` : ''}`,
        ...(histogram === undefined ? [] : bars(histogram)),
      ]);
    }),
});

function bars(h: ReturnType<typeof qualityHistogram>): string[] {
  const { least, most, counts } = h;
  if (least === null || most === null) return [`No photo has a value of ${h.field}`];
  const top = Math.max(...counts);
  const width = (most - least) / counts.length;
  return counts.map((c, i) => {
    const bar = '█'.repeat(Math.round((BAR * c) / top));
    return `${(least + i * width).toPrecision(4).padStart(10)}  ${String(c).padStart(7)}  ${bar}`.trimEnd();
  });
}
