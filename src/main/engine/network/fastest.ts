/** Which back end was the fastest here: measured once, kept in a file beside the settings. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { BACKENDS } from '../../../shared/facts/backends.ts';
import { makeFolder } from '../environment/folders.ts';
import { logFailure, logger } from '../environment/log.ts';
import { settingsFile } from '../environment/settings.ts';
import type { Graph } from './onnx/graph.ts';

const measured = z.object({
  backend: z.enum(BACKENDS).exclude(['auto']),
  /** Milliseconds of a step, by back end. */
  milliseconds: z.record(z.string(), z.number()),
});
export type Measured = z.infer<typeof measured>;

/** What the times depend on: operators and sizes of the network, not its numbers. @param size of photos, and what is done with them. */
export function keyOf(network: Graph, size: number | string, devices: readonly string[]): string {
  const hash = createHash('sha256');
  for (const n of network.nodes) hash.update(JSON.stringify([n.op, n.inputs, n.outputs]));
  for (const [name, t] of network.initializers) hash.update(`${name} ${t.dims.join('x')}\n`);
  hash.update([...(network.frozen ?? [])].sort().join());
  return `${hash.digest('hex').slice(0, 16)} ${size} ${devices.join(', ')}`;
}

const kept = z.record(z.string(), measured);
const keptFile = (): string => join(dirname(settingsFile()), 'back-ends.json');

function readKept(): z.infer<typeof kept> {
  const file = keptFile();
  try {
    return existsSync(file) ? kept.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
  } catch (error) {
    logFailure(logger('back ends'), `${file} cannot be read`, error);
    return {};
  }
}

/** What was measured on this machine before; undefined where nothing was. */
export function remembered(key: string): Measured | undefined {
  return readKept()[key];
}

/** Where it cannot be written the log says so: it is measured again. */
export function remember(key: string, found: Measured): void {
  const file = keptFile();
  try {
    makeFolder(dirname(file));
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, `${JSON.stringify({ ...readKept(), [key]: found }, undefined, 2)}\n`);
    renameSync(temporary, file);
  } catch (error) {
    logFailure(logger('back ends'), `${file} cannot be written`, error);
  }
}

/** In words, the fastest first. @param what of which the milliseconds are. */
export function inWords({ milliseconds }: Measured, what: string): string {
  const all = Object.entries(milliseconds).sort((a, b) => a[1] - b[1]);
  return `the fastest here: ${all.map(([name, ms]) => `${name} ${Number(ms.toPrecision(3))} ms`).join(', ')} ${what}`;
}
