import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { BinaryReader } from './binary-reader.ts';
import { readRigsBinary } from './colmap-rigs.ts';
import { ModelBuilder, cameraModelInfo, type Blame, type ReadOptions } from './model-builder.ts';
import type { SparseModel } from './model.ts';

const CAMERA_BYTES = 4 + 4 + 8 + 8;
const IMAGE_BYTES = 4 + 7 * 8 + 4 + 1 + 8;
const OBSERVATION_BYTES = 8 + 8 + 8;
const POINT_BYTES = 8 + 3 * 8 + 3 + 8 + 8;
const TRACK_BYTES = 4 + 4;

/**
 * Reads `cameras.bin`, `points3D.bin` and `images.bin` of a COLMAP model (methods.md 9.4), and the rigs and frames of COLMAP 4.
 * @throws CovisError naming the file and the byte offset for truncated, corrupt or unknown content.
 */
export function readColmapBinary(
  folder: string,
  warn: (message: string) => void = () => undefined,
  options: ReadOptions = {},
): SparseModel {
  const builder = new ModelBuilder(options);
  withReader(join(folder, 'cameras.bin'), (r) => readCameras(r, builder));
  const pointsBlame = withReader(join(folder, 'points3D.bin'), (r) => readPoints(r, builder));
  withReader(join(folder, 'images.bin'), (r) => readImages(r, builder));
  return readRigsBinary(
    folder,
    builder.finish(pointsBlame, (m) => warn(`${folder}: ${m}`)),
    warn,
  );
}

function withReader(file: string, read: (reader: BinaryReader, blame: Blame) => void): Blame {
  const reader = new BinaryReader(file);
  const blame: Blame = (message, offset) => reader.corrupt(message, offset);
  try {
    read(reader, blame);
    reader.expectEnd();
  } finally {
    reader.close();
  }
  return blame;
}

function readCameras(r: BinaryReader, builder: ModelBuilder): void {
  const blame: Blame = (message, offset) => r.corrupt(message, offset);
  const unsupported: Blame = (message, offset) =>
    new CovisError('INPUT_UNSUPPORTED', message, { file: r.file, offset });
  const n = r.count('The number of cameras', CAMERA_BYTES);
  for (let i = 0; i < n; i += 1) {
    const start = r.offset;
    const id = r.u32('a camera id');
    const info = cameraModelInfo(r.i32('a camera model'), start + 4, unsupported);
    const width = r.u64('a camera width');
    const height = r.u64('a camera height');
    const params = Array.from({ length: info.params }, () => r.f64('camera parameters'));
    builder.addCamera({ id, model: info.name, width, height, params }, start, blame);
  }
}

function readPoints(r: BinaryReader, builder: ModelBuilder): void {
  const blame: Blame = (message, offset) => r.corrupt(message, offset);
  const n = r.count('The number of 3D points', POINT_BYTES);
  for (let i = 0; i < n; i += 1) {
    const start = r.offset;
    const id = r.u64('a 3D point id');
    const xyz = [r.f64('a 3D point'), r.f64('a 3D point'), r.f64('a 3D point')] as const;
    const rgb = [r.u8('a colour'), r.u8('a colour'), r.u8('a colour')] as const;
    const error = r.f64('a reprojection error');
    const track = r.count('The length of a track', TRACK_BYTES);
    builder.addPoint(id, xyz, rgb, error, track, start, blame);
    for (let j = 0; j < track; j += 1) {
      const at = r.offset;
      builder.noteTrackImage(r.u32('a track'), at);
      r.u32('a track');
    }
  }
}

function readImages(r: BinaryReader, builder: ModelBuilder): void {
  const blame: Blame = (message, offset) => r.corrupt(message, offset);
  const n = r.count('The number of images', IMAGE_BYTES);
  for (let i = 0; i < n; i += 1) {
    const start = r.offset;
    const imageId = r.u32('an image id');
    const f = (): number => r.f64('an image pose');
    const rotation = [f(), f(), f(), f()] as const;
    const translation = [f(), f(), f()] as const;
    const cameraId = r.u32('a camera id');
    const name = r.cString('an image name');
    builder.beginView({ imageId, name, cameraId, rotation, translation }, start, blame);
    const m = r.count(`The number of observations of ${name}`, OBSERVATION_BYTES);
    for (let j = 0; j < m; j += 1) {
      const at = r.offset;
      const x = r.f64('an observation');
      const y = r.f64('an observation');
      const point = r.u64('the 3D point of an observation');
      if (point >= 0) builder.addObservation(point, x, y, at, blame);
    }
  }
}
