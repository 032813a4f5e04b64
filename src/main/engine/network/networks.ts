import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CovisError, naming } from '../../../shared/errors.ts';
import { writeWhole } from '../formats/beside.ts';
import { refuseStandIn } from '../formats/recognise.ts';
import {
  POOLING_NAMES,
  type NetworkInfo,
  type NetworkSpec,
  type Pooling,
  type TokenPart,
  type Preprocess,
  type Fit,
} from '../../../shared/domain.ts';
import { refuseWriting } from '../library/read-only.ts';
import { now, type Library } from '../library/library.ts';
import { resourcePath } from '../environment/resources.ts';
import { EMBEDDED, embeddedDefault, isStart, STARTS, type StartName } from './embedded-files.ts';
import { obstacleOf, operatorsToTrain } from './differentiable.ts';
import { repooled, trainableParameters } from './head.ts';
import { readGraph } from './onnx/beside.ts';
import { encodeOnnx, parseOnnx } from './onnx/file.ts';
import { sizeOf, type Graph } from './onnx/graph.ts';
import { normalise } from './onnx/normalise.ts';
import { pixelsItWants } from './own-pixels.ts';
import { PREPROCESSING } from './preprocessing.ts';
import { answersAsSaid } from './probe.ts';
import { simplified } from './simplified.ts';
import { readSpec, writeSpec } from './spec.ts';
import { cutAt, take } from './take.ts';
import { storedNetwork, type StoredNetwork } from './zoo.ts';
import { networkSpec } from '../../../shared/facts/networks.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { findBegun, findNamed, findOne, type Called } from '../library/find.ts';
import { flag, integer, json, nullable, record, select, text } from '../library/rows.ts';

export interface NetworkRow {
  readonly id: number;
  readonly uid: string;
  readonly spec: NetworkSpec;
}

/** A network ready to be used: its graph, normalised, and what it is. */
export interface LoadedNetwork extends NetworkRow {
  readonly graph: Graph;
}

/** Reads a Covis network from a file. @throws CovisError `INPUT_UNSUPPORTED` when it has no Covis description. */
export function readNetworkFile(file: string): { graph: Graph; spec: NetworkSpec } {
  const graph = readGraph(file);
  const spec = readSpec(graph, file);
  if (spec === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', 'This ONNX file was not written by Covis', {
      file,
      hint: 'Import it as a backbone first.',
    });
  return { graph, spec };
}

/**
 * Stores a network under its content hash; the same network twice is one.
 * @param inFile what its file says of it, where this library says more.
 */
export function storeNetwork(
  library: Library,
  graph: Graph,
  spec: NetworkSpec,
  parent: string | null,
  embedded = false,
  inFile = spec,
): NetworkRow {
  refuseWriting(library);
  const { bytes, uid } = encoded(graph, inFile);
  const file = library.file('networks', `${uid}.onnx`);
  // A file that is there with other content is damaged, and mended so.
  if (!existsSync(file) || !holds(readFileSync(file), uid)) writeWhole(file, bytes, { force: true });
  const parameters = trainableParameters(graph).reduce((n, name) => n + sizeOf(graph.initializers.get(name)!.dims), 0);
  library.db
    .prepare(
      'INSERT INTO network (uid, parent, spec, bytes, parameters, embedded, created) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(uid) DO UPDATE SET removed = NULL',
    )
    .run(uid, parent, JSON.stringify(spec), bytes.length, parameters, embedded ? 1 : 0, now());
  return networkRow(library, uid);
}

/** The file of a network, as {@link readNetworkFile} reads it. */
export function networkFile({ graph, spec }: Pick<LoadedNetwork, 'graph' | 'spec'>): Uint8Array {
  return encoded(graph, spec).bytes;
}

/** The file of a network and the content hash that is its id. */
function encoded(graph: Graph, spec: NetworkSpec): { bytes: Uint8Array; uid: string } {
  const described: Graph = { ...graph, metadata: new Map(graph.metadata) };
  writeSpec(described, spec);
  const bytes = encodeOnnx(described);
  return { bytes, uid: createHash('sha256').update(bytes).digest('hex').slice(0, 16) };
}

/**
 * {@link storeNetwork} of what was computed here. Numbers of training runs are this library's own, so that the file does not hold them: what
 * is computed of the same in the same way is the same network.
 */
export function storeComputed(library: Library, graph: Graph, spec: NetworkSpec, parent: string | null): NetworkRow {
  const name = spec.name.replace(/ · run \d+/, ' · fine-tuned');
  const origin = spec.origin.replaceAll(/(; fine-tuned by Covis), run \d+/g, '$1');
  return storeNetwork(library, graph, spec, parent, false, { ...spec, name, origin });
}

/** True where these bytes are the network that the uid stands for. */
function holds(bytes: Uint8Array, uid: string): boolean {
  return createHash('sha256').update(bytes).digest('hex').startsWith(uid);
}

/** Makes sure that the library has an embedded network: the one that it began with, whatever new ones begin with today. */
export function ensureDefaultNetwork(library: Library): NetworkRow {
  const known = select(
    library.db,
    'SELECT uid, bytes FROM network WHERE embedded = 1 ORDER BY id LIMIT 1',
    record({ uid: text, bytes: integer }),
  ).get();
  // Its length alone, for this is asked at each start; loading looks at every byte.
  if (
    known !== undefined &&
    statSync(library.file('networks', `${known.uid}.onnx`), { throwIfNoEntry: false })?.size === known.bytes
  )
    return networkRow(library, known.uid);
  return restoreEmbedded(library, known?.uid);
}

/** Writes an embedded network into the library, also over a damaged one: that of this id where it is one, else what new libraries begin with. */
export function restoreEmbedded(library: Library, uid?: string): NetworkRow {
  const had = uid === undefined ? undefined : STARTS.find((name) => encodedStart(name) === uid);
  return addEmbedded(library, had ?? embeddedDefault());
}

function encodedStart(name: StartName): string {
  const { graph, spec } = readNetworkFile(resourcePath('networks', EMBEDDED[name]));
  return encoded(graph, spec).uid;
}

/** Puts a network that comes with Covis into the library, where it is not there yet. */
export function addEmbedded(library: Library, name: StartName): NetworkRow {
  const { graph, spec } = readNetworkFile(resourcePath('networks', EMBEDDED[name]));
  return storeNetwork(library, graph, spec, null, true);
}

export interface BackboneOptions {
  /** A node or value to cut at; the last feature map if not given. */
  readonly cut?: string | undefined;
  /** What describes: the network's own output, its last feature map, or a named value; decided by what is found if not given. */
  readonly output?: string | undefined;
  /** How photos become the one size that a network takes: whole with a margin if not given. */
  readonly fit?: Fit | undefined;
  readonly preprocess?: Preprocess | undefined;
  readonly licence?: string | undefined;
  readonly name?: string | undefined;
  /** GeM if not given. */
  readonly pooling?: Pooling | undefined;
  /** What describes of a network that gives tokens. */
  readonly tokens?: TokenPart | undefined;
}

/**
 * A network made ready from a file: one that Covis wrote as it is, any other ONNX backbone cut at its last feature map with a pooling
 * appended. The result is run once, so that what the runtime refuses is refused here.
 * @throws CovisError naming the file, and the node where one is at fault.
 */
export async function prepareNetwork(file: string, options: BackboneOptions = {}): Promise<ReadyNetwork> {
  try {
    return await readyNetwork(file, options);
  } catch (error) {
    // What looks at the graph alone does not know whose it is.
    throw naming(error, file);
  }
}

type ReadyNetwork = Pick<LoadedNetwork, 'graph' | 'spec'> & { readonly own: boolean };

async function readyNetwork(file: string, options: BackboneOptions): Promise<ReadyNetwork> {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This file does not exist', { file });
  refuseStandIn(file);
  const graph = readGraph(file);
  for (const [name, { data }] of graph.initializers)
    if (data instanceof Float32Array && data.some(Number.isNaN))
      throw new CovisError('INPUT_CORRUPT', `Tensor ${name} holds values that are not numbers`, { file });
  const own = readSpec(graph, file);
  if (own !== undefined) {
    await answersAsSaid(graph, own, file);
    return { graph, spec: own, own: true };
  }
  const { cut, output, fit, pooling = 'gem', tokens } = options;
  if (cut !== undefined && output !== undefined)
    throw new CovisError('INPUT_INVALID', 'A cut names a map, and an output what describes: one of them is enough', {
      file,
      hint: 'Leave --cut or --output out.',
    });
  if (cut !== undefined && tokens !== undefined)
    throw new CovisError('INPUT_INVALID', 'A cut names a map, and tokens are none: one of them is enough', {
      file,
      hint: 'Leave --cut or --tokens out; a list of tokens is named with --output.',
    });
  const network = await simplified(graph);
  const taken = cut === undefined ? await take(network, output, pooling, tokens) : await cutAt(network, cut, pooling);
  const { kind, kept, nodes } = taken.taken;
  const name = options.name ?? basename(file).replace(/\.onnx$/i, '');
  const operators = operatorsToTrain(taken.graph);
  const input = taken.input?.fit === undefined ? taken.input : { ...taken.input, fit: fit ?? taken.input.fit };
  const ownPixels = options.preprocess === undefined ? pixelsItWants(taken.graph) : undefined;
  const spec: NetworkSpec = {
    name: kind === 'map' ? `${name} ${POOLING_NAMES[pooling]}` : name,
    dim: taken.dim,
    features: taken.value,
    ...(kind === 'map' ? { pooling } : {}),
    preprocess: options.preprocess ?? PREPROCESSING[ownPixels ?? 'torchvision'],
    origin: `Imported from ${basename(file)}, ${kept} of ${nodes} nodes`,
    licence: options.licence ?? 'not stated',
    taken:
      ownPixels === undefined
        ? taken.taken
        : { ...taken.taken, why: `${taken.taken.why}; it normalises by itself and is given --pixels ${ownPixels}` },
    ...(input === undefined ? {} : { input }),
    ...(operators.length === 0 ? {} : { operators }),
  };
  await answersAsSaid(taken.graph, spec, file);
  return { graph: taken.graph, spec, own: false };
}

/** What was asked of a network that Covis wrote: another name it gets, what would make it another network is refused. */
function asAsked(spec: NetworkSpec, options: BackboneOptions, file: string): NetworkSpec {
  const { cut, output, fit, preprocess, pooling, tokens, name } = options;
  const refuse = (what: string, hint: string): never => {
    throw new CovisError('INPUT_INVALID', `Covis wrote this network, which ${what}`, { file, hint });
  };
  const own = spec.pooling ?? 'gem';
  if (cut !== undefined)
    refuse('is whole and not cut', 'Leave the cut out, or bring the backbone that it was made of.');
  if (output !== undefined)
    refuse('has one output, its descriptor', 'Leave the output out, or bring the backbone that it was made of.');
  if (tokens !== undefined)
    refuse('says itself what describes', 'Leave the tokens out, or bring the backbone that it was made of.');
  if (fit !== undefined && fit !== spec.input?.fit)
    refuse('says itself which sizes it takes', 'Leave that out, or bring the backbone that it was made of.');
  if (preprocess !== undefined && !isDeepStrictEqual(preprocess, spec.preprocess))
    refuse('says itself how it wants its pixels', 'Leave that out.');
  if (pooling !== undefined && pooling !== own)
    refuse(
      `pools by ${POOLING_NAMES[own]}, not by ${POOLING_NAMES[pooling]}`,
      `Choose ${own}, or bring the backbone that it was made of.`,
    );
  return name === undefined ? spec : { ...spec, name };
}

/** {@link prepareNetwork}, stored in the library. @throws CovisError `INPUT_INVALID` for options that a network of Covis's own cannot have. */
export async function importNetwork(
  library: Library,
  file: string,
  options: BackboneOptions = {},
): Promise<NetworkRow> {
  const { graph, spec, own } = await prepareNetwork(file, options);
  return storeNetwork(library, graph, own ? asAsked(spec, options, file) : spec, null);
}

/** A backbone of the store, imported into the library. */
export async function importStored(
  library: Library,
  { file, name, preprocess, cut, output, fit, tokens, licence }: StoredNetwork,
  asked: Pick<BackboneOptions, 'pooling' | 'output' | 'fit' | 'tokens' | 'preprocess' | 'name'> = {},
): Promise<NetworkRow> {
  const said =
    asked.output === undefined && asked.tokens === undefined
      ? { cut, output, tokens }
      : { output: asked.output ?? output, tokens: asked.tokens };
  const options = {
    name: asked.name ?? name,
    preprocess: asked.preprocess ?? preprocess,
    licence,
    ...said,
    fit: asked.fit ?? fit,
    pooling: asked.pooling,
  };
  const { graph, spec, own } = await prepareNetwork(file, options);
  return storeNetwork(library, graph, own ? asAsked(spec, asked, file) : spec, null);
}

/**
 * The network with another pooling on the same feature map, untrained in it; the network itself where it pools so already.
 * @param experiment lists leave it out.
 * @throws CovisError `INPUT_UNSUPPORTED` where layers behind the pooling would be lost.
 */
export function repoolNetwork(library: Library, network: NetworkRow, pooling: Pooling, experiment = false): NetworkRow {
  const { spec } = network;
  if (spec.taken?.kind !== 'vector' && (spec.pooling ?? 'gem') === pooling) return network;
  const graph = repooled(loadNetwork(library, network).graph, spec, pooling);
  const base = spec.name.replace(/ (GeM|MAC|SPoC|R-MAC|R-GeM)\b/, '');
  return storeComputed(
    library,
    graph,
    {
      ...spec,
      ...(experiment ? { experiment: true } : {}),
      name: `${base} ${POOLING_NAMES[pooling]}`,
      pooling,
      origin: `${spec.origin}; pooled by ${POOLING_NAMES[pooling]}`,
    },
    network.uid,
  );
}

const ROW = record({ id: integer, uid: text, spec: json(networkSpec) });

const called = (row: NetworkRow): Called => ({ id: row.uid, name: row.spec.name });

function allNetworks(library: Library): NetworkRow[] {
  return select(library.db, 'SELECT id, uid, spec FROM network WHERE removed IS NULL ORDER BY id', ROW).all();
}

/** Without those of experiments where others are meant as well: lists leave them out. */
function listedNetworks(library: Library): NetworkRow[] {
  return allNetworks(library).filter((n) => n.spec.experiment !== true);
}

/**
 * A network of the library by its content hash, its name, or an unambiguous beginning of its hash; one of an experiment by its hash alone.
 * @throws CovisError `NOT_FOUND` that lists what there is, `INPUT_INVALID` where several may be meant.
 */
export function networkRow(library: Library, wanted: string): NetworkRow {
  const exact = select(library.db, 'SELECT id, uid, spec FROM network WHERE uid = ?', ROW).get(wanted.toLowerCase());
  if (exact !== undefined) {
    refuseRemoved(library, exact);
    return exact;
  }
  const listed = listedNetworks(library);
  return (
    findNamed('network', wanted, listed, called) ??
    findBegun('network', wanted, allNetworks(library), called) ??
    findOne('network', wanted, listed, called, 'A file is named by its path, as in ./network.onnx.')
  );
}

/** @throws CovisError `NOT_FOUND` for a network that a person removed, which only records name. */
function refuseRemoved(library: Library, { id, spec }: NetworkRow): void {
  const removed = select(library.db, 'SELECT removed FROM network WHERE id = ?', nullable(text)).one(id);
  if (removed !== null)
    throw new CovisError('NOT_FOUND', `The network ${spec.name} was removed on ${removed.slice(0, 10)}`, {
      hint: 'Add its file again or train it again; it then takes its place in the records that name it.',
    });
}

/** By its number in the library. */
export function networkById(library: Library, id: number): NetworkRow {
  const row = select(library.db, 'SELECT id, uid, spec FROM network WHERE id = ?', ROW).get(id);
  if (row === undefined) throw new CovisError('NOT_FOUND', `The library has no network number ${id}`);
  return row;
}

/** The library's default network of photos: what is taken where nobody names one. */
export function defaultNetworkOf(library: Library): NetworkRow {
  return defaultOf(library, 'photos') ?? ensureDefaultNetwork(library);
}

/** What a network takes. */
export type Takes = 'photos' | 'edges';

export function takesOf({ spec }: Pick<NetworkRow, 'spec'>): Takes {
  return spec.edges === undefined ? 'photos' : 'edges';
}

/**
 * The library's default of those that take photos, or edge maps: what was chosen last (see `default-network.ts`), else the embedded
 * one, else the first. That a network is newer makes it no default.
 */
export function defaultOf(library: Library, takes: Takes): NetworkRow | undefined {
  return select(
    library.db,
    `SELECT n.id, n.uid, n.spec FROM network n LEFT JOIN network_choice c ON c.network_id = n.id AND c.takes = :takes
     WHERE n.removed IS NULL AND json_extract(n.spec, '$.edges') IS ${takes === 'photos' ? '' : 'NOT '}NULL AND (c.id IS NOT NULL OR json_extract(n.spec, '$.experiment') IS NULL)
     ORDER BY c.id DESC NULLS LAST, n.embedded DESC, n.id LIMIT 1`,
    ROW,
  ).get({ takes });
}

/**
 * What a person means by a network: a content hash or a name of the library, `default` for the library's default, `embedded` for the one
 * that comes with Covis and that the library began with, `efficientnet-lite0` or `tiny` for one by its name, a path to an ONNX file or the id of a downloaded backbone (which are imported), or nothing for `fallback`: the embedded one, or the library's own default.
 * @throws CovisError `NOT_FOUND` that lists what there is, `INPUT_INVALID` where it may be several.
 */
export async function resolveNetwork(
  library: Library,
  which: string | undefined,
  fallback: 'embedded' | 'default',
): Promise<NetworkRow> {
  if (which === undefined) return fallback === 'embedded' ? ensureDefaultNetwork(library) : defaultNetworkOf(library);
  if (which === 'default') return defaultNetworkOf(library);
  if (which === 'embedded') return ensureDefaultNetwork(library);
  if (isStart(which) && storedNetwork(which) === undefined)
    return findNamed('network', which, listedNetworks(library), called) ?? addEmbedded(library, which);
  const own = findNamed('network', which, listedNetworks(library), called);
  const isFile = statSync(which, { throwIfNoEntry: false })?.isFile() === true;
  if (own !== undefined) {
    if (isFile)
      throw new CovisError('INPUT_INVALID', `"${which}" is a network of the library and a file of this folder`, {
        hint: `Name the network by its hash, ${own.uid}, or the file as ./${which}.`,
      });
    return own;
  }
  if (isFile || /\.onnx$/i.test(which)) return importNetwork(library, which);
  const stored = storedNetwork(which);
  if (stored !== undefined) return importStored(library, stored);
  return networkRow(library, which);
}

/** @throws CovisError `INPUT_MISSING` or `INPUT_CORRUPT` where its file is not what it was when it was stored. */
export function loadNetwork(library: Library, row: NetworkRow): LoadedNetwork {
  const file = library.file('networks', `${row.uid}.onnx`);
  const hint = `covis check ${shellWord(library.path)} --repair says what can be done.`;
  if (!existsSync(file)) refuseRemoved(library, row);
  if (!existsSync(file))
    throw new CovisError('INPUT_MISSING', `The file of the network ${row.spec.name} is gone`, { file, hint });
  const bytes = readFileSync(file);
  if (!holds(bytes, row.uid))
    throw new CovisError('INPUT_CORRUPT', `The file of the network ${row.spec.name} is damaged`, { file, hint });
  return { ...row, graph: normalise(parseOnnx(bytes, file), file) };
}

/** All networks but those that experiments made, oldest first. */
export function listNetworks(library: Library): NetworkInfo[] {
  const rows = select(
    library.db,
    "SELECT uid, parent, spec, bytes, parameters, embedded, created FROM network WHERE removed IS NULL AND json_extract(spec, '$.experiment') IS NULL ORDER BY id",
    record({
      uid: text,
      parent: nullable(text),
      spec: json(networkSpec),
      bytes: integer,
      parameters: integer,
      embedded: flag,
      created: text,
    }),
  ).all();
  return rows.map((r) => ({
    ...r.spec,
    id: r.uid,
    parent: r.parent,
    created: r.created,
    bytes: r.bytes,
    parameters: r.parameters,
    embedded: r.embedded,
    obstacle: obstacleOf(r.spec) ?? null,
  }));
}
