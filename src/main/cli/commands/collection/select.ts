/** `covis collection select`: n photos that stand for all. */
import { counted } from '../../../../shared/counted.ts';
import { z } from 'zod';
import type { ChoiceReport } from '../../../../shared/facts/collection-choices.ts';
import { chooseJob } from '../../../../shared/jobs/choose.ts';
import { createCollection } from '../../../engine/collections/store.ts';
import { allCollections } from '../../../engine/library/tables/collection.ts';
import { photoHash } from '../../../engine/library/tables/photo.ts';
import { undo } from '../../../engine/mining/decisions.ts';
import { command } from '../../program/command.ts';
import { runJob } from '../../program/job.ts';
import { libraryWord, withLibrary } from '../../program/library.ts';
import { print } from '../../program/output.ts';
import { ruleOf, ruleOption } from './smart.ts';
import { name, photosNamed } from './words.ts';

const { collection: _collection, keep: _keep, among: _among, ...own } = chooseJob.params.shape;
const CURVE_LINES = 10;
const PLACES = 10;

export const collectionSelect = command({
  name: 'collection select',
  summary: 'choose n photos that stand for all and add them to a collection, which is made where it is not there',
  arguments: { ...libraryWord, name },
  options: {
    ...own,
    keep: z
      .array(z.string().min(1))
      .optional()
      .meta({ help: 'photos that are chosen already, by content hash or name, as those of the collection are' }),
    among: ruleOption.optional().meta({ help: 'rule of the photos to choose among: JSON, or a file with it' }),
  },
  run: ({ library: path, name: called, json, keep, among, dryRun, ...asked }) =>
    withLibrary(path, false, async (library) => {
      const there = allCollections(library).some((c) => c.uid === called || c.name === called.normalize('NFC').trim());
      const rule = among === undefined ? {} : { among: ruleOf(among) };
      const kept = photosNamed(library, keep ?? []).map((id) => photoHash(library, id));
      if (!there && !dryRun) createCollection(library, called);
      try {
        const into = there || !dryRun ? { collection: called } : {};
        const report = await runJob(library, 'choose', { ...asked, ...rule, ...into, dryRun, keep: kept });
        print(json, report, () => lines(report));
      } catch (error) {
        // It was made for what was to be chosen.
        if (!there && !dryRun) undo(library);
        throw error;
      }
    }),
});

function lines(r: ChoiceReport): string[] {
  const step = Math.max(1, Math.floor(r.curve.length / CURVE_LINES));
  const points = r.curve.filter((_, i) => i % step === 0 || i === r.curve.length - 1);
  const places = r.places.filter((p) => p.chosen > 0);
  return [
    `${r.photos.length} of ${r.among} photos are chosen${r.candidates === null || r.candidates === r.among ? '' : `, of ${counted(r.candidates, 'candidate')}`}`,
    ...(r.mean === null
      ? []
      : [`Mean cosine with the nearest chosen one ${r.mean.toFixed(4)}, coverage radius ${r.radius!.toFixed(4)}`]),
    ...points.map((p) => `  ${String(p.n).padStart(6)}  mean ${p.mean.toFixed(4)}  radius ${p.radius.toFixed(4)}`),
    ...(r.knee === null ? [] : [`The curve bends at ${r.knee}`]),
    `Places: ${places
      .slice(0, PLACES)
      .map((p) => `${p.place} ${p.chosen} of ${p.photos}`)
      .join(
        ', ',
      )}${places.length > PLACES ? ` and ${places.length - PLACES} more` : ''}; ${r.places.length - places.length} without any`,
    ...r.notes,
  ];
}
