import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CovisError } from '../../../src/shared/errors.ts';
import { readDescriptorFile, type DescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { DESCRIPTOR_READERS } from '../../../src/main/engine/retrieval/descriptor-readers/index.ts';
import { normaliseRows } from '../../../src/main/engine/retrieval/rank.ts';
import { verifyRanks } from '../../../src/main/engine/evaluation/verify-ranks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { notFinite, seed, type FuzzTarget, type Seed } from '../target.ts';
import { fixture } from './models.ts';

const of = (name: string): Seed => seed(name, { [name]: fixture('descriptors', name) });

const SEEDS: Readonly<Record<string, () => Seed[]>> = {
  npy: () => ['x.npy', 'x_fortran.npy', 'x_half.npy', 'ranks_int64.npy'].map(of),
  hdf5: () => ['hloc.h5', 'x_v73.mat'].map(of),
  mat: () => [...['x_v5.mat', 'regions_v5.mat'].map(of), seed('x_v4', { 'x.mat': mat4() })],
  jsonl: () => [
    of('x.jsonl'),
    seed('regions', { 'r.jsonl': '{"name":"a","descriptors":[[1,2],[3,4]]}\n{"name":"b","descriptors":[[5,6]]}\n' }),
  ],
};

/** A matrix of doubles as MATLAB's version 4 has it, two by three. */
function mat4(): Buffer {
  const head = Buffer.alloc(20);
  [0, 2, 3, 0, 2].forEach((v, i) => head.writeInt32LE(v, 4 * i));
  return Buffer.concat([head, Buffer.from('X\0'), Buffer.from(Float64Array.of(1, 2, 3, 4, 5, 6).buffer)]);
}

/** What is looked for by itself, else cells of regions, which have to be named. */
async function readFirst(file: string): Promise<DescriptorFile> {
  try {
    return await readDescriptorFile(file, undefined, 'database', 'left out');
  } catch (error) {
    if (error instanceof CovisError && error.code === 'NOT_FOUND') return readDescriptorFile(file, 'reg');
    throw error;
  }
}

async function read(file: string): Promise<string | undefined> {
  const { vectors, names, owners, images } = await readFirst(file);
  if (vectors.data.length < vectors.rows * vectors.dim) return 'the matrix is shorter than its shape';
  if (names !== undefined && names.length !== images) return `${names.length} names of ${images} images`;
  if (owners !== undefined && (owners.length !== vectors.rows || owners.some((o) => o >= images)))
    return 'rows belong to images that are not there';
  if (owners === undefined && images !== vectors.rows) return `${vectors.rows} rows of ${images} images`;
  return notFinite({ data: normaliseRows(vectors, basename(file), file).data });
}

/** Local features beside a ranking, which are read of hloc's files as well. */
const local: FuzzTarget = {
  name: 'descriptors/local',
  seeds: () => [of('local.h5')],
  async read({ input }) {
    const names = ['1.jpg', '0.jpg'];
    const ranks = { k: 2, ids: Uint32Array.of(0, 1), scores: Float32Array.of(0.9, 0.5) };
    const out = await verifyRanks(ranks, names, ['q.jpg'], join(input, 'local.h5'), 2, silentContext());
    return notFinite({ scores: out.scores });
  },
};

export const DESCRIPTOR_TARGETS: readonly FuzzTarget[] = [
  ...DESCRIPTOR_READERS.map((reader): FuzzTarget => ({
    name: `descriptors/${reader.format}`,
    seeds: () => SEEDS[reader.format]?.() ?? [],
    takes: (file) => reader.named.test(basename(file)),
    read: ({ input }) => read(join(input, readdirSync(input)[0] ?? 'gone')),
  })),
  local,
];
