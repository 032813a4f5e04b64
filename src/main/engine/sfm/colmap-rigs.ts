import { counted } from '../../../shared/counted.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BinaryReader } from './binary-reader.ts';
import { rotationMatrix, quaternionOf, type Frame, type Pose, type Rig, type Rigs, type SparseModel } from './model.ts';
import { blameFor, number, records } from './text-lines.ts';

const CAMERA = 0;
/** As `SensorType` of COLMAP. */
export const SENSOR_TYPES: readonly string[] = ['CAMERA', 'IMU'];
const SENSOR_BYTES = 8;
const FRAME_BYTES = 4 + 4 + 7 * 8 + 4;
const DATA_BYTES = 4 + 4 + 8;
/** Poses are written in full precision: what differs by more was changed by a program that knows no rigs. */
const TOLERANCE = 1e-6;

type Warn = (message: string) => void;

/** The model with `rigs.bin` and `frames.bin` of its folder, where both are there. @throws CovisError with file and offset. */
export function readRigsBinary(folder: string, model: SparseModel, warn: Warn): SparseModel {
  const [rigFile, frameFile] = [join(folder, 'rigs.bin'), join(folder, 'frames.bin')];
  if (!bothThere(rigFile, frameFile, warn)) return model;
  const rigs = read(rigFile, (r) =>
    Array.from({ length: r.count('The number of rigs', 8) }, (): Rig => {
      const id = r.u32('a rig id');
      const count = r.u32('the number of sensors');
      if (count > r.remaining / SENSOR_BYTES)
        throw r.corrupt(`A rig says ${count} sensors, which the file cannot hold`);
      return {
        id,
        sensors: Array.from({ length: count }, (_, i) => {
          const sensor = { type: r.i32('a sensor type'), id: r.u32('a sensor id') };
          return i > 0 && r.u8('whether a sensor has a pose') !== 0 ? { ...sensor, pose: pose(r) } : sensor;
        }),
      };
    }),
  );
  const frames = read(frameFile, (r) =>
    Array.from({ length: r.count('The number of frames', FRAME_BYTES) }, (): Frame => {
      const frame = { id: r.u32('a frame id'), rigId: r.u32('a rig id'), pose: pose(r) };
      const count = r.u32('the number of data');
      if (count > r.remaining / DATA_BYTES) throw r.corrupt(`A frame says ${count} data, which the file cannot hold`);
      const data = Array.from({ length: count }, () => ({
        type: r.i32('a sensor type'),
        id: r.u32('a sensor id'),
        data: r.u64('a data id'),
      }));
      return { ...frame, data };
    }),
  );
  return withRigs(model, { rigs, frames }, frameFile, warn);
}

/** As {@link readRigsBinary}, of `rigs.txt` and `frames.txt`. */
export function readRigsText(folder: string, model: SparseModel, warn: Warn): SparseModel {
  const [rigFile, frameFile] = [join(folder, 'rigs.txt'), join(folder, 'frames.txt')];
  if (!bothThere(rigFile, frameFile, warn)) return model;
  const rigs: Rig[] = [];
  for (const { fields, offset } of records(rigFile)) {
    const t = new Fields(rigFile, fields, offset);
    const id = t.whole('a rig id');
    const count = t.whole('the number of sensors', fields.length);
    const sensors: Rig['sensors'][number][] = [];
    for (let i = 0; i < count; i += 1) {
      const sensor = { type: t.sensor(), id: t.whole('a sensor id') };
      sensors.push(i > 0 && t.whole('whether a sensor has a pose', 2) === 1 ? { ...sensor, pose: t.pose() } : sensor);
    }
    t.end();
    rigs.push({ id, sensors });
  }
  const frames: Frame[] = [];
  for (const { fields, offset } of records(frameFile)) {
    const t = new Fields(frameFile, fields, offset);
    const [id, rigId, at] = [t.whole('a frame id'), t.whole('a rig id'), t.pose()];
    const count = t.whole('the number of data', fields.length);
    const data = Array.from({ length: count }, () => ({
      type: t.sensor(),
      id: t.whole('a sensor id'),
      data: t.whole('a data id'),
    }));
    t.end();
    frames.push({ id, rigId, pose: at, data });
  }
  return withRigs(model, { rigs, frames }, frameFile, warn);
}

/** Neither file says anything without the other. */
function bothThere(rigs: string, frames: string, warn: Warn): boolean {
  const there = [rigs, frames].filter((f) => existsSync(f));
  if (there.length === 1)
    warn(`${there[0]!} is left out: it says nothing without ${there[0] === rigs ? frames : rigs}`);
  return there.length === 2;
}

function read<T>(file: string, work: (r: BinaryReader) => T): T {
  const r = new BinaryReader(file);
  try {
    const out = work(r);
    r.expectEnd();
    return out;
  } finally {
    r.close();
  }
}

function pose(r: BinaryReader): Pose {
  const at = r.offset;
  const f = (): number => r.f64('a pose');
  const out = { rotation: [f(), f(), f(), f()], translation: [f(), f(), f()] } as const;
  if (!isPose(out)) throw r.corrupt('A pose is none: its rotation is zero or not a number', at);
  return out;
}

function isPose({ rotation, translation }: Pose): boolean {
  const norm = Math.hypot(...rotation);
  return norm > 1e-6 && Number.isFinite(norm) && translation.every(Number.isFinite);
}

/** Fields of one line, front to back. */
class Fields {
  readonly #file: string;
  readonly #fields: readonly string[];
  readonly #offset: number;
  #at = 0;

  constructor(file: string, fields: readonly string[], offset: number) {
    this.#file = file;
    this.#fields = fields;
    this.#offset = offset;
  }

  #wrong(message: string): Error {
    return blameFor(this.#file)(message, this.#offset);
  }

  value(what: string): number {
    const blame = blameFor(this.#file);
    return number(this.#fields[this.#at++], what, this.#offset, blame, blame);
  }

  whole(what: string, below = 2 ** 53): number {
    const v = this.value(what);
    if (!Number.isInteger(v) || v < 0 || v >= below)
      throw this.#wrong(`${what} is ${v}, not a whole number below ${below}`);
    return v;
  }

  sensor(): number {
    const name = this.#fields[this.#at++];
    const type = SENSOR_TYPES.indexOf(name ?? '');
    if (type < 0) throw this.#wrong(`A sensor is of the type ${name ?? ''}; known are ${SENSOR_TYPES.join(', ')}`);
    return type;
  }

  pose(): Pose {
    const v = Array.from({ length: 7 }, () => this.value('a pose'));
    const out = {
      rotation: v.slice(0, 4) as [number, number, number, number],
      translation: v.slice(4) as [number, number, number],
    };
    if (!isPose(out)) throw this.#wrong('A pose is none: its rotation is zero or not a number');
    return out;
  }

  end(): void {
    if (this.#at !== this.#fields.length)
      throw this.#wrong(`A line has ${this.#fields.length} fields, not ${this.#at}`);
  }
}

/** The pose of a after b. */
function after(a: Pose, b: Pose): Pose {
  const [ra, rb] = [rotationMatrix(a.rotation), rotationMatrix(b.rotation)];
  const cell = (i: number, j: number): number => [0, 1, 2].reduce((s, k) => s + ra[3 * i + k]! * rb[3 * k + j]!, 0);
  return {
    rotation: quaternionOf(Array.from({ length: 9 }, (_, n) => cell(Math.floor(n / 3), n % 3))),
    translation: [0, 1, 2].map(
      (i) => [0, 1, 2].reduce((s, k) => s + ra[3 * i + k]! * b.translation[k]!, 0) + a.translation[i]!,
    ) as [number, number, number],
  };
}

function differs(a: Pose, b: Pose): boolean {
  const [ra, rb] = [rotationMatrix(a.rotation), rotationMatrix(b.rotation)];
  const size = 1 + Math.hypot(...b.translation);
  return (
    ra.some((v, i) => Math.abs(v - rb[i]!) > TOLERANCE) ||
    a.translation.some((v, i) => Math.abs(v - b.translation[i]!) > TOLERANCE * size)
  );
}

/** Frames say where images are, as in COLMAP: what the images say besides is replaced, and counted. */
function withRigs(model: SparseModel, said: Rigs, file: string, warn: Warn): SparseModel {
  const blame = blameFor(file);
  const rigs = new Map(said.rigs.map((r) => [r.id, r]));
  const poses = new Map<number, Pose>();
  for (const frame of said.frames) {
    const rig = rigs.get(frame.rigId);
    if (rig === undefined) throw blame(`Frame ${frame.id} is of rig ${frame.rigId}, which the model does not have`, 0);
    for (const d of frame.data) {
      if (d.type !== CAMERA) continue;
      const at = rig.sensors.findIndex((s) => s.type === d.type && s.id === d.id);
      if (at < 0) throw blame(`Frame ${frame.id} has an image of camera ${d.id}, which its rig does not have`, 0);
      const mounted = rig.sensors[at]!.pose;
      if (at === 0) poses.set(d.data, frame.pose);
      else if (mounted !== undefined) poses.set(d.data, after(mounted, frame.pose));
    }
  }
  let changed = 0;
  const views = model.views.map((v) => {
    const p = poses.get(v.imageId);
    if (p === undefined || !differs(v, p)) return v;
    changed += 1;
    return { ...v, rotation: p.rotation, translation: p.translation };
  });
  if (changed > 0)
    warn(
      `${file} says other poses than the images' own file for ${counted(changed, 'image')}; the frames' are taken, as COLMAP does`,
    );
  return { ...model, views, rigs: said };
}
