import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { covisibility } from '../../../src/main/engine/sfm/covisibility.ts';
import type { SparseModel } from '../../../src/main/engine/sfm/model.ts';
import { NO_PHOTOS, readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import type { ModelReader } from '../../../src/main/engine/sfm/readers/reader.ts';
import { writeModel, type WrittenFormat } from '../../../src/main/engine/sfm/writers/index.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { somePoints, writeTextModel, type TinyModel } from '../../support/colmap.ts';
import { database, nerfstudio, openMvg, opensfm, SIXTEEN } from '../../support/foreign-models.ts';
import { filesOf } from '../seeds.ts';
import { notFinite, seed, type FuzzTarget, type Seed } from '../target.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures', 'colmap4');

const ALL = Array.from({ length: 12 }, (_, i) => i + 1);
const TINY: TinyModel = {
  points: somePoints(12),
  images: [
    { name: 'a.jpg', at: [0, 0, 0], sees: ALL },
    { name: 'b c.jpg', at: [0.3, 0, 0], sees: ALL.slice(2) },
    { name: 'sub/\u00e4.jpg', at: [-0.3, 0.1, 0], sees: ALL.slice(0, 9) },
  ],
};

/** @param spaces whether the format can hold a name with one. */
function tiny(room: string, spaces: boolean): SparseModel {
  const images = TINY.images.map((i) => ({ ...i, name: spaces ? i.name : i.name.replace(' ', '') }));
  writeTextModel(join(room, 'text'), { ...TINY, images });
  return MODEL_READERS.find((r) => r.format === 'txt')!.read(join(room, 'text'), NO_PHOTOS, () => undefined)[0]!;
}

/** What a writer of Covis makes of a model of three images. */
function written(room: string, format: WrittenFormat): Seed {
  writeModel(tiny(room, format === 'colmap-bin' || format === 'nvm'), format, join(room, format));
  return { name: 'tiny', files: filesOf(join(room, format)) };
}

/** What another program's writer, or its like in the tests, leaves in a folder. */
function foreign(room: string, name: string, write: (file: string) => void): Seed {
  for (const f of readdirSync(room)) rmSync(join(room, f), { recursive: true });
  write(join(room, name));
  return { name, files: filesOf(room) };
}

/** As VisualSFM writes it: measured from the centre of the image, with an empty model behind. */
const CENTRED = `NVM_V3

2
a.jpg\t500 1 0 0 0 0 0 0 0.1 0
C:\\b c.jpg\t500 1 0 0 0 1 0 0 0 0

2
0 0 5 255 0 0 2 0 0 -3.5 4 1 7 2 -1
1 0.5 6e0 1 2 3 2 0 1 30 -20 1 8 -12.25 9

0
`;

const SEEDS: Readonly<Record<string, (room: string) => Seed[]>> = {
  bin: (room) => [{ name: 'colmap 4', files: filesOf(join(FIXTURES, 'bin')) }, written(room, 'colmap-bin')],
  txt: (room) => [{ name: 'colmap 4', files: filesOf(join(FIXTURES, 'txt')) }, written(room, 'colmap-txt')],
  nvm: (room) => [written(room, 'nvm'), seed('centred', { 'model.nvm': CENTRED })],
  bundler: (room) => [written(room, 'bundler')],
  openmvg: (room) => [foreign(room, 'sfm_data.json', openMvg)],
  opensfm: (room) => [foreign(room, 'reconstruction.json', opensfm)],
  nerfstudio: (room) => [foreign(room, 'transforms.json', nerfstudio)],
  database: (room) => [
    foreign(room, 'database.db', (file) => {
      database(file, SIXTEEN);
    }),
  ],
};

function wrongIn(model: SparseModel): string | undefined {
  const { views, viewOffsets, obsPoint, obsXy, pointXyz, pointError, pointTrackLength, cameras, matchesOnly } = model;
  const points = pointError.length;
  if (viewOffsets.length !== views.length + 1) return `${viewOffsets.length} offsets of ${views.length} views`;
  if (viewOffsets.at(-1) !== obsPoint.length || obsXy.length !== 2 * obsPoint.length)
    return 'observations do not fit their offsets';
  if (obsPoint.some((p) => p >= points)) return 'an observation is of a point that is not there';
  if (matchesOnly !== true && pointXyz.length !== 3 * points) return 'points and their errors are not as many';
  if (pointTrackLength.length !== points) return 'points and their tracks are not as many';
  for (const v of views)
    if (v.name === '') return 'a view has no name';
    else if (!cameras.some((c) => c.id === v.cameraId)) return `view ${v.name} has no camera`;
  for (const c of cameras) if (!(c.width > 0 && c.height > 0)) return `a camera is ${c.width} x ${c.height}`;
  const wrong =
    notFinite({ obsXy, pointError, ...(matchesOnly === true ? {} : { pointXyz }) }) ??
    notFinite(Object.fromEntries(cameras.map((c, i) => [`camera ${i}`, c.params]))) ??
    (matchesOnly === true
      ? undefined
      : notFinite(
          Object.fromEntries(
            views.flatMap((v, i) => [
              [`rotation of view ${i}`, v.rotation],
              [`translation of view ${i}`, v.translation],
            ]),
          ),
        ));
  if (wrong !== undefined) return wrong;
  const pairs = covisibility(model);
  return notFinite({ shared: pairs.shared });
}

function readIn(reader: ModelReader, path: string, skipDamaged: boolean): string | undefined {
  const warnings: string[] = [];
  const models = readModels({ path, reader }, NO_PHOTOS, (m) => warnings.push(m), { skipDamaged });
  return models.map(wrongIn).find((w) => w !== undefined) ?? warnings.find((w) => /undefined|\[object/.test(w));
}

export const MODEL_TARGETS: readonly FuzzTarget[] = MODEL_READERS.map((reader) => ({
  name: `models/${reader.format}`,
  seeds: (room) => SEEDS[reader.format]?.(room) ?? [],
  takes: (file) => reader.at === 'file' && reader.named.test(basename(file)),
  read({ input }) {
    const own = readdirSync(input).find((f) => reader.named.test(f));
    const path = reader.at === 'folder' ? input : join(input, own ?? reader.usual ?? 'gone');
    try {
      return readIn(reader, path, false);
    } catch (error) {
      // What is damaged can be read all the same where a person asks for it.
      if (!(error instanceof CovisError)) throw error;
      const wrong = readAnyway(reader, path);
      if (wrong !== undefined) return wrong;
      throw error;
    }
  },
}));

function readAnyway(reader: ModelReader, path: string): string | undefined {
  try {
    return readIn(reader, path, true);
  } catch (error) {
    if (error instanceof CovisError) return undefined;
    throw error;
  }
}

/** Sound models of all formats, for imports. */
export function modelSeeds(room: string): Seed[] {
  return MODEL_READERS.flatMap((r) => (SEEDS[r.format]?.(room) ?? []).slice(0, 1));
}

/** A fixture's bytes. */
export function fixture(...name: string[]): Buffer {
  return readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', ...name));
}
