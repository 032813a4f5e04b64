/**
 * Which back end was the fastest here: measured once, kept in a file beside the settings. Where one failed while it was measured, that is
 * said, and kept for this process alone: a card that was busy is tried again.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { BACKENDS } from '../../../shared/facts/backends.ts';
import { makeFolder } from '../environment/folders.ts';
import { changeKept, entriesOf, readKept } from '../environment/kept-file.ts';
import { logFailure, logger } from '../environment/log.ts';
import { settingsFile } from '../environment/settings.ts';
import { EndedByItself } from './elsewhere.ts';
import type { Graph } from './onnx/graph.ts';

const measured = z.object({
  backend: z.enum(BACKENDS).exclude(['auto']),
  /** Milliseconds of a step, by back end. */
  milliseconds: z.record(z.string(), z.number()),
  /** Back ends that are wrong, each with a sentence. */
  wrong: z.record(z.string(), z.string()).optional(),
  /** Back ends that failed while they were measured, each with a sentence. */
  failed: z.record(z.string(), z.string()).optional(),
});
export type Measured = z.infer<typeof measured>;

/**
 * What the times depend on: operators and sizes of the network, not its numbers. @param size of photos, and what is done with them.
 * @param devices as {@link identityOf} names them.
 */
export function keyOf(network: Graph, size: number | string, devices: readonly string[]): string {
  const hash = createHash('sha256');
  for (const n of network.nodes) hash.update(JSON.stringify([n.op, n.inputs, n.outputs]));
  for (const [name, t] of network.initializers) hash.update(`${name} ${t.dims.join('x')}\n`);
  hash.update([...(network.frozen ?? [])].sort().join());
  return `${hash.digest('hex').slice(0, 16)} ${size} ${devices.join(', ')}`;
}

const KEPT_SHAPE = entriesOf(measured);
const keptFile = (): string => join(dirname(settingsFile()), 'back-ends.json');

/** What was measured on this machine before; undefined where nothing was, or it cannot be read. */
export function remembered(key: string): Measured | undefined {
  return readKept(keptFile(), KEPT_SHAPE)[key];
}

/** So many measurements are kept, the newest: networks, sizes, drivers and versions come and go. */
const KEPT = 200;

/** Where it cannot be written the log says so: it is measured again. */
export function remember(key: string, found: Measured): void {
  const file = keptFile();
  try {
    const newest = (before: Readonly<Record<string, Measured>>): Record<string, Measured> => {
      const others = Object.entries(before).filter(([k]) => k !== key);
      return Object.fromEntries([...others.slice(1 - KEPT), [key, found]]);
    };
    changeKept(file, KEPT_SHAPE, newest, 0o666);
  } catch (error) {
    logFailure(logger('back ends'), `${file} cannot be written`, error);
  }
}

/** What was found in this process and is not kept, since something failed. */
const ofThisProcess = new Map<string, Measured>();

/** What is kept or was found in this process, else what `measure` finds. */
export async function fastest(key: string, measure: () => Promise<Measured>): Promise<Measured> {
  const before = remembered(key) ?? ofThisProcess.get(key);
  if (before !== undefined) return before;
  const found = await measure();
  if (found.failed === undefined) remember(key, found);
  else ofThisProcess.set(key, found);
  return found;
}

const endings = z.object({ backend: z.string(), ended: z.int().nonnegative() });

/** So many processes are ended by a back end's driver, one measuring after the other, before it is passed over. */
const ENDED_BY_IT = 2;

/**
 * Tries a back end in a process of its own ({@link elsewhere}), unless its driver ended that process the last times: what ends by itself, and
 * not by a person or the system, is counted in a file until a measuring comes to its end.
 * @param key see {@link keyOf}.
 * @throws Error for a back end whose driver ended two measurings, one after the other, besides what `work` throws.
 */
export async function trying<T>(key: string, backend: string, work: () => Promise<T>): Promise<T> {
  const name = createHash('sha256').update(`${backend} ${key}`).digest('hex').slice(0, 16);
  const file = join(dirname(settingsFile()), `back-ends.${name}.ended`);
  const before = readEndings(file);
  if (before >= ENDED_BY_IT)
    throw new Error(`its driver ended ${before} processes that measured it. To have it measured again, delete ${file}`);
  const note = (ended: number): void => {
    if (ended === before) return;
    try {
      if (ended === 0) return rmSync(file, { force: true });
      makeFolder(dirname(file));
      writeFileSync(file, JSON.stringify({ backend, ended }));
    } catch (error) {
      logFailure(logger('back ends'), `${file} cannot be written`, error);
    }
  };
  try {
    const result = await work();
    note(0);
    return result;
  } catch (error) {
    if (error instanceof EndedByItself) note(before + 1);
    throw error;
  }
}

/** How often a driver ended what measured it; 0 where nothing is noted. */
function readEndings(file: string): number {
  try {
    return existsSync(file) ? endings.parse(JSON.parse(readFileSync(file, 'utf8'))).ended : 0;
  } catch (error) {
    // One that is being written or taken away at this moment.
    logFailure(logger('back ends'), `${file} cannot be read`, error);
    return 0;
  }
}

/** The two as they are kept. */
export function passed(
  wrong: Readonly<Record<string, string>>,
  failed: Readonly<Record<string, string>>,
): Pick<Measured, 'wrong' | 'failed'> {
  const some = (list: Readonly<Record<string, string>>): boolean => Object.keys(list).length > 0;
  return { ...(some(wrong) ? { wrong } : {}), ...(some(failed) ? { failed } : {}) };
}

/** Relative difference from the CPU up to which numbers are right: single precision keeps to 2e-3 even in deep networks, TF32 does not. */
const RIGHT = 1e-2;

/**
 * Sentences on back ends that are wrong. The processor is what the others are held to, and is never wrong itself, whatever it gives.
 * @param off relative difference from the CPU by back end; no number where either gives what is none. @param what it is of.
 */
export function wrongOf(off: Iterable<readonly [string, number]>, what: string): Record<string, string> {
  const wrong: Record<string, string> = {};
  for (const [backend, by] of off) {
    if (backend === 'cpu' || by <= RIGHT) continue;
    const words = Number.isFinite(by)
      ? `${(100 * by).toPrecision(2)} % off those of the CPU`
      : 'not to be compared with those of the CPU: what either gives is nothing, or no number';
    wrong[backend] = `${backend} is passed over: its ${what} are ${words}`;
  }
  return wrong;
}

/** How far descriptors are from the right ones, relative to these; where both are nothing, by nothing. */
export function distanceFrom(right: Float32Array, other: Float32Array): number {
  const some = right.subarray(0, 1 << 14);
  const distance = Math.hypot(...some.map((v, i) => v - other[i]!));
  return distance === 0 ? 0 : distance / Math.hypot(...some);
}

/** Sentences on all that was passed over. */
export function passedOver({ wrong, failed }: Pick<Measured, 'wrong' | 'failed'>): string[] {
  return [...Object.values(failed ?? {}), ...Object.values(wrong ?? {})];
}

/** So long one back end is measured after its first step, in milliseconds, and so often at most. */
const MEASURE_MS = 1000;
const MEASURE_TIMES = 3;

/** The shortest of some passes in milliseconds: whatever else the machine does makes them longer, never shorter. */
export async function shortest(pass: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  const all = performance.now();
  do {
    const began = performance.now();
    await pass();
    times.push(performance.now() - began);
  } while (times.length < MEASURE_TIMES && performance.now() - all < MEASURE_MS);
  return Math.min(...times);
}

/** In words, the fastest first, and what was passed over. @param what of which the milliseconds are. */
export function inWords({ milliseconds, wrong = {}, failed = {} }: Measured, what: string): string {
  const all = Object.entries(milliseconds).sort((a, b) => a[1] - b[1]);
  const others = [
    ...Object.keys(failed).map((name) => `, ${name} failed`),
    ...Object.keys(wrong).map((name) => `, ${name} is wrong`),
  ];
  return `the fastest here: ${all.map(([name, ms]) => `${name} ${Number(ms.toPrecision(3))} ms`).join(', ')} ${what}${others.join('')}`;
}
