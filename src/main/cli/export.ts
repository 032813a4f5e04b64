import { createWriteStream, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { CovisError } from '../../shared/errors.ts';
import type { Library } from '../engine/library/library.ts';
import { writeNpy } from '../engine/formats/npy.ts';
import { photoPath } from '../engine/library/photos.ts';
import { listMiningRuns, tuplePage } from '../engine/mining/runs.ts';
import { DEFAULT_SIZE, loadDescriptors } from '../engine/network/extract.ts';
import { resolveNetwork } from '../engine/network/networks.ts';

export interface ExportOptions {
  readonly what: string;
  readonly out: string;
  readonly network?: string;
  readonly size?: number;
  readonly run?: number;
}

export interface ExportReport {
  readonly what: string;
  readonly items: number;
  readonly files: readonly string[];
}

const PAGE = 500;

/** Writes one kind of result to a file, through a temporary one. @throws CovisError `STATE_EMPTY` when there is nothing to write. */
export async function exportFrom(library: Library, o: ExportOptions): Promise<ExportReport> {
  const out = resolve(o.out);
  switch (o.what) {
    case 'network': {
      const row = await resolveNetwork(library, o.network, 'latest');
      copyFileSync(library.file('networks', `${row.uid}.onnx`), `${out}.tmp`);
      renameSync(`${out}.tmp`, out);
      return { what: 'network', items: 1, files: [out] };
    }
    case 'descriptors': {
      const row = await resolveNetwork(library, o.network, 'latest');
      const set = loadDescriptors(library, row, o.size ?? DEFAULT_SIZE);
      if (set.ids.length === 0)
        throw new CovisError(
          'STATE_EMPTY',
          `Network ${row.uid} has no descriptors at ${o.size ?? DEFAULT_SIZE} pixels`,
          { hint: 'Extract them first.' },
        );
      writeNpy(out, set.data, [set.ids.length, set.dim]);
      const names = out.replace(/\.npy$/, '') + '.txt';
      writeFileSync(names, Array.from(set.ids, (id) => `${photoPath(library, id)}\n`).join(''));
      return { what: 'descriptors', items: set.ids.length, files: [out, names] };
    }
    case 'tuples': {
      const run = o.run ?? listMiningRuns(library)[0]?.id;
      if (run === undefined)
        throw new CovisError('STATE_EMPTY', 'No tuples were mined yet', { hint: 'Mine them first: covis mine.' });
      return { what: 'tuples', items: await writeTuples(library, run, out), files: [out] };
    }
    default:
      throw new CovisError('INPUT_INVALID', `--what takes network, descriptors or tuples, not "${o.what}"`);
  }
}

async function writeTuples(library: Library, run: number, out: string): Promise<number> {
  const stream = createWriteStream(`${out}.tmp`);
  let written = 0;
  for (let from = 0; ; from += PAGE) {
    const { tuples } = tuplePage(library, run, from, PAGE);
    for (const { id: _, ...t } of tuples) if (!stream.write(`${JSON.stringify(t)}\n`)) await once(stream, 'drain');
    written += tuples.length;
    if (tuples.length < PAGE) break;
  }
  stream.end();
  await once(stream, 'finish');
  renameSync(`${out}.tmp`, out);
  if (written === 0) throw new CovisError('STATE_EMPTY', `Mining run ${run} has no tuples`);
  return written;
}
