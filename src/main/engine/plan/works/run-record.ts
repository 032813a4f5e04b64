/** A training run as a shard gives it and a library takes it up: nothing in it depends on when, where or in how many pieces it was trained. */
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { NetworkSpec, TrainingParameters } from '../../../../shared/domain.ts';
import { epochInfo } from '../../../../shared/facts/training.ts';
import { parseJson } from '../../formats/json-text.ts';
import { now, type Library } from '../../library/library.ts';
import { integer, list, nullable, real, record, select, text } from '../../library/rows.ts';
import { networkById, storeNetwork, type NetworkRow } from '../../network/networks.ts';
import { parseOnnx } from '../../network/onnx/file.ts';
import { normalise } from '../../network/onnx/normalise.ts';
import { readSpec } from '../../network/spec.ts';
import { wrongResult } from '../folder.ts';
import { epochsOf, runWithParameters } from '../../training/runs.ts';

const HEAD = Buffer.from('COVISRN1');
const START = HEAD.length + 4;
const MOST_TUPLES = 10_000_000;
const uid = z.string().regex(/^[0-9a-f]{16}$/);

/** Columns of a mining run and of its tuples that a library can take up as they are. */
const MINING = [
  'set_key',
  'set_name',
  'seed',
  'size',
  'parameters',
  'tuples',
  'queries',
  'mean_negative_distance',
  'epoch',
] as const;
const TUPLE = [
  ...['tuple_index', 'cluster_id', 'query', 'positive', 'shared', 'overlap', 'scale', 'positive_similarity', 'hardest'],
  ...['strategies', 'disagreement', 'suspicion', 'negatives', 'alternatives'],
] as const;
const MINING_CELLS = [text, text, integer, nullable(integer), text, integer, integer, real, nullable(integer)] as const;
const TUPLE_CELLS = [
  ...[integer, integer, integer, integer, integer, real, nullable(real), real, real],
  ...[integer, integer, real, text, text],
] as const;
const cell = z.union([z.string(), z.number(), z.null()]);

const trainedRun = z.strictObject({
  device: z.string().max(2000),
  mapBefore: z.number().nullable(),
  askedSize: z.int().nullable(),
  /** Without the seconds, which stand in the shard's `.done`. */
  epochs: z.array(epochInfo.extend({ seconds: z.literal(0) })).max(1000),
  minings: z
    .array(
      z.strictObject({
        run: z.array(cell).length(MINING.length),
        tuples: z.array(z.array(cell).length(TUPLE.length)).max(MOST_TUPLES),
      }),
    )
    .max(100_000),
  /** Of what was learned, whose ONNX file is behind the head; null where no weight changed. */
  network: z.strictObject({ uid, name: z.string().max(2000), origin: z.string().max(20_000) }).nullable(),
});

/** Photos that asked a rung, by rows of the library's geometry. */
const asked = z
  .array(
    z.strictObject({
      query: z.int(),
      value: z.number(),
      place: z.int(),
      fold: z.int(),
      weight: z.number().optional(),
    }),
  )
  .max(MOST_TUPLES)
  .readonly();
/** What a shard gives. */
const runResult = z.strictObject({
  measured: z
    .strictObject({
      map: z.number(),
      mapWhitened: z.number().nullable(),
      asked: z.strictObject({ plain: asked, whitened: asked }).optional(),
    })
    .nullable(),
  run: trainedRun.nullable(),
});
export type RunResult = z.output<typeof runResult>;
type TrainedRun = z.output<typeof trainedRun>;

/** The bytes of a result. @param network its ONNX file. */
export function encodeRun(result: RunResult, network: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.from(JSON.stringify(result));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([HEAD, length, head, network]);
}

/** @throws CovisError `INPUT_CORRUPT` for bytes that are no such result. */
export function decodeRun(bytes: Buffer, file: string): { readonly result: RunResult; readonly network: Buffer } {
  if (bytes.length < START || !bytes.subarray(0, HEAD.length).equals(HEAD))
    throw wrongResult(file, 'holds no training run');
  const end = START + bytes.readUInt32LE(HEAD.length);
  if (end > bytes.length) throw wrongResult(file, 'is not as long as it says');
  const parsed = runResult.safeParse(parseJson(bytes.toString('utf8', START, end), { file }, 'This is no result'));
  if (!parsed.success) throw wrongResult(file, 'is not what a training gives');
  const network = bytes.subarray(end);
  const said = parsed.data.run?.network;
  if ((said ?? null) === null ? network.length > 0 : uidOf(network) !== said!.uid)
    throw wrongResult(file, 'holds another network than it says');
  return { result: parsed.data, network };
}

const uidOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** The newest run of a network with these very parameters that is done, and the seconds of its epochs. */
export function takeRun(
  library: Library,
  start: NetworkRow,
  parameters: TrainingParameters,
): { readonly run: TrainedRun; readonly network: Uint8Array; readonly times: readonly number[] } {
  const row = select(
    library.db,
    `SELECT id, result_id AS result, device, map_before AS mapBefore, asked_size AS askedSize FROM training_run
     WHERE network_id = ? AND parameters = ? AND state = 'done' ORDER BY id DESC LIMIT 1`,
    record({
      id: integer,
      result: nullable(integer),
      device: text,
      mapBefore: nullable(real),
      askedSize: nullable(integer),
    }),
  ).one(start.id, JSON.stringify(parameters));
  const epochs = epochsOf(library).all(row.id);
  const mined = select(
    library.db,
    `SELECT id, ${MINING.join(', ')} FROM mining_run WHERE training_id = ? ORDER BY id`,
    list(integer, ...MINING_CELLS),
  ).all(row.id);
  const tuples = select(
    library.db,
    `SELECT ${TUPLE.join(', ')} FROM tuple WHERE run_id = ? ORDER BY tuple_index`,
    list(...TUPLE_CELLS),
  );
  const minings = mined.map(([id, ...run]) => ({ run: [...run], tuples: tuples.all(id).map((t) => [...t]) }));
  const result = row.result === null ? undefined : networkById(library, row.result);
  return {
    run: {
      // How fast it was is no part of what came of it.
      device: row.device.replace(/, the fastest here: .*$/, ''),
      mapBefore: row.mapBefore,
      askedSize: row.askedSize,
      epochs: epochs.map((e) => ({ ...e, seconds: 0 as const })),
      minings,
      network: result === undefined ? null : { uid: result.uid, ...unnumbered(result.spec) },
    },
    network: result === undefined ? new Uint8Array(0) : readFileSync(library.file('networks', `${result.uid}.onnx`)),
    times: epochs.map((e) => e.seconds),
  };
}

/** A name and an origin, where the number of the run is put when a library gives it one. */
function unnumbered(spec: NetworkSpec): Pick<NetworkSpec, 'name' | 'origin'> {
  return {
    name: spec.name.replace(/ · run \d+$/, ' · run 0'),
    origin: spec.origin.replace(/(; fine-tuned by Covis, run )\d+(?=, \d+ epochs?$)/, '$10'),
  };
}

/**
 * Makes a run part of a library, within a transaction of the caller, as if it had been trained there. One that the library has trained with
 * the same parameters before is left as it is. @returns true for a new one.
 */
export function addRun(
  library: Library,
  start: NetworkRow,
  parameters: TrainingParameters,
  { run, network, times }: { readonly run: TrainedRun; readonly network: Buffer; readonly times: readonly number[] },
  file: string,
): boolean {
  if (runWithParameters(library, start.id, parameters) !== undefined) return false;
  const { db } = library;
  const id = select(
    db,
    `INSERT INTO training_run (created, state, pid, network_id, parameters, device, map_before, asked_size)
     VALUES (?, 'done', ?, ?, ?, ?, ?, ?) RETURNING id`,
    integer,
  ).one(now(), process.pid, start.id, JSON.stringify(parameters), run.device, run.mapBefore, run.askedSize);
  if (run.network !== null) {
    const graph = normalise(parseOnnx(network, file), file);
    const inFile = readSpec(graph, file);
    if (inFile === undefined) throw wrongResult(file, 'holds a network that no training gives');
    const { name, origin } = run.network;
    const own: NetworkSpec = {
      ...inFile,
      name: name.replace(/ · run 0$/, ` · run ${id}`),
      origin: origin.replace(/(; fine-tuned by Covis, run )0(?=, \d+ epochs?$)/, `$1${id}`),
    };
    const stored = storeNetwork(library, graph, own, start.uid, false, inFile);
    if (stored.uid !== run.network.uid) throw wrongResult(file, 'holds a network that is written in another way');
    db.prepare('UPDATE training_run SET result_id = ? WHERE id = ?').run(stored.id, id);
  }
  const epoch = db.prepare('INSERT INTO epoch (training_id, epoch, facts) VALUES (?, ?, ?)');
  run.epochs.forEach((e, i) => epoch.run(id, e.epoch, JSON.stringify({ ...e, seconds: times[i] ?? 0 })));
  const mining = `INSERT INTO mining_run (created, network_id, training_id, ${MINING.join(', ')}) VALUES (?, ?, ?, ${MINING.map(() => '?').join(', ')}) RETURNING id`;
  const tuple = db.prepare(
    `INSERT INTO tuple (run_id, ${TUPLE.join(', ')}) VALUES (?, ${TUPLE.map(() => '?').join(', ')})`,
  );
  for (const m of run.minings) {
    const mined = select(db, mining, integer).one(now(), start.id, id, ...m.run);
    for (const t of m.tuples) tuple.run(mined, ...t);
  }
  return true;
}
