/** `covis edges`: the edge map of every photo of a folder. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { folder, force } from '../../../shared/fields.ts';
import { openDetector } from '../../engine/edges/detector.ts';
import { encodeEdgeMap } from '../../engine/edges/edge-map.ts';
import { writeWhole } from '../../engine/formats/beside.ts';
import { outsideLibraries, refuseExisting } from '../../engine/formats/target.ts';
import { leftOut, listPhotos, refuseWithoutPhotos } from '../../engine/library/photo-files.ts';
import { decode } from '../../engine/library/pixels.ts';
import { PREPROCESSING } from '../../engine/network/preprocessing.ts';
import { command } from '../program/command.ts';
import { print, terminalContext } from '../program/output.ts';

const PIXELS = Object.keys(PREPROCESSING) as (keyof typeof PREPROCESSING)[];

export const edges = command({
  name: 'edges',
  summary: 'write the edge map of every photo of a folder as a grey PNG',
  options: {
    photos: folder.meta({ help: 'the photos' }),
    out: folder.meta({ help: 'where the maps go, named like the photos' }),
    force,
    detector: z
      .string()
      .min(1)
      .optional()
      .meta({ help: 'covis-edges-1, classical, or an ONNX file', otherwise: 'covis-edges-1', value: 'detector' }),
    pixels: z.enum(PIXELS).optional().meta({ help: 'what an ONNX file wants', otherwise: 'caffe', value: 'how' }),
    size: z
      .int()
      .min(16)
      .max(16_384)
      .default(1024)
      .meta({ help: 'long side of the maps in pixels; smaller photos stay as they are' }),
  },
  run: async (o) => {
    const photos = resolve(o.photos);
    const out = outsideLibraries(o.out);
    if (statSync(photos, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: photos });
    const preprocess = o.pixels === undefined ? undefined : PREPROCESSING[o.pixels];
    const listing = listPhotos(photos);
    refuseWithoutPhotos(listing, photos, 'STATE_EMPTY', 'This folder holds no photos');
    const names = listing.photos;
    const taken = new Map<string, string>();
    for (const n of names) {
      const target = n.replace(/\.[^.]*$/, '.png');
      if (taken.has(target))
        throw new CovisError('INPUT_INVALID', `${taken.get(target)!} and ${n} would both become ${target}`, {
          file: photos,
          hint: 'Rename one of the photos.',
        });
      taken.set(target, n);
    }
    refuseExisting(
      [...taken.keys()].map((target) => join(out, target)),
      o,
    );
    const detector = await openDetector(o.detector, undefined, { preprocess });
    const task = terminalContext();
    for (const said of leftOut(listing, photos)) task.warn(said);
    const failed: string[] = [];
    task.step(`Finding edges with ${detector.name}`, names.length, 'photos');
    const began = performance.now();
    try {
      for (const [i, [target, name]] of [...taken].entries()) {
        task.check();
        try {
          const map = await detector.detect(await decode(join(photos, name), o.size));
          const file = join(out, target);
          writeWhole(file, await encodeEdgeMap(map), { ...o, flush: false });
        } catch (error) {
          if (!(error instanceof CovisError) || error.code !== 'INPUT_CORRUPT') throw error;
          failed.push(name);
          task.warn(`${error.message}: ${error.file ?? name}`);
        }
        task.progress(i + 1);
      }
    } finally {
      await detector.release();
    }
    task.finish();
    const written = names.length - failed.length;
    const seconds = (performance.now() - began) / 1000;
    print(o.json, { detector: detector.id, written, failed, seconds, out }, () => [
      `${written} edge maps in ${out}${failed.length === 0 ? '' : `; ${failed.length} photos cannot be read`}`,
    ]);
  },
});
