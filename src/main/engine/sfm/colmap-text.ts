import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { readRigsText } from './colmap-rigs.ts';
import { ModelBuilder, cameraModelInfo, type Blame, type ReadOptions } from './model-builder.ts';
import type { SparseModel } from './model.ts';
import { blameFor, lines, number, records } from './text-lines.ts';

/**
 * Reads `cameras.txt`, `points3D.txt` and `images.txt` of a COLMAP model (methods.md 9.4).
 * The second line of an image may be empty, so blank lines there are content.
 * @throws CovisError naming the file and the byte offset of the line.
 */
export function readColmapText(
  folder: string,
  warn: (message: string) => void = () => undefined,
  options: ReadOptions = {},
): SparseModel {
  const builder = new ModelBuilder(options);
  readCameras(join(folder, 'cameras.txt'), builder);
  const pointsFile = join(folder, 'points3D.txt');
  readPoints(pointsFile, builder);
  readImages(join(folder, 'images.txt'), builder);
  return readRigsText(
    folder,
    builder.finish(blameFor(pointsFile), (m) => warn(`${folder}: ${m}`)),
    warn,
  );
}

function fieldReader(
  file: string,
  fields: readonly string[],
  offset: number,
): { f: (i: number, what: string) => number; id: (i: number, what: string) => number } {
  const blame = blameFor(file);
  const truncated: Blame = (message, at) => new CovisError('INPUT_TRUNCATED', message, { file, offset: at });
  const f = (i: number, what: string): number => number(fields[i], what, offset, blame, truncated);
  const id = (i: number, what: string): number => {
    const value = f(i, what);
    if (!Number.isSafeInteger(value) || value < 0) throw blame(`${what} is ${fields[i]}, not an id or a count`, offset);
    return value;
  };
  return { f, id };
}

function readCameras(file: string, builder: ModelBuilder): void {
  const unsupported: Blame = (message, offset) => new CovisError('INPUT_UNSUPPORTED', message, { file, offset });
  for (const { fields, offset } of records(file)) {
    const { f, id } = fieldReader(file, fields, offset);
    const info = cameraModelInfo(fields[1] ?? '', offset, unsupported);
    const params = Array.from({ length: info.params }, (_, k) => f(4 + k, 'a camera parameter'));
    if (fields.length > 4 + info.params)
      throw blameFor(file)(`${info.name} takes ${info.params} parameters, the line has ${fields.length - 4}`, offset);
    builder.addCamera(
      {
        id: id(0, 'a camera id'),
        model: info.name,
        width: id(2, 'a camera width'),
        height: id(3, 'a camera height'),
        params,
      },
      offset,
      blameFor(file),
    );
  }
}

function readPoints(file: string, builder: ModelBuilder): void {
  for (const { fields, offset } of records(file)) {
    const { f, id } = fieldReader(file, fields, offset);
    const colour = (i: number): number => {
      const c = id(i, 'a colour');
      if (c > 255) throw blameFor(file)(`A colour is ${c}, above 255`, offset);
      return c;
    };
    if (fields.length < 8) f(fields.length, 'the end of a 3D point');
    if (fields.length % 2 !== 0)
      throw new CovisError('INPUT_TRUNCATED', 'A track ends after an image id', { file, offset });
    builder.addPoint(
      id(0, 'a 3D point id'),
      [f(1, 'x'), f(2, 'y'), f(3, 'z')],
      [colour(4), colour(5), colour(6)],
      f(7, 'a reprojection error'),
      (fields.length - 8) / 2,
      offset,
      blameFor(file),
    );
    for (let k = 8; k < fields.length; k += 2) {
      builder.noteTrackImage(id(k, 'an image id of a track'), offset);
      id(k + 1, 'a point index of a track');
    }
  }
}

function readImages(file: string, builder: ModelBuilder): void {
  const blame = blameFor(file);
  let awaiting = false;
  let lastOffset = 0;
  for (const { text, offset } of lines(file)) {
    lastOffset = offset;
    if (!awaiting) {
      const trimmed = text.trim();
      if (trimmed === '' || trimmed.startsWith('#')) continue;
      beginView(file, text, offset, builder, blame);
      awaiting = true;
      continue;
    }
    awaiting = false;
    const fields = text.trim() === '' ? [] : text.trim().split(/\s+/);
    if (fields.length % 3 !== 0) {
      throw new CovisError('INPUT_TRUNCATED', 'The list of observations ends inside a record of three', {
        file,
        offset,
      });
    }
    const { f } = fieldReader(file, fields, offset);
    for (let k = 0; k < fields.length; k += 3) {
      const point = f(k + 2, 'the 3D point of an observation');
      if (point >= 0) builder.addObservation(point, f(k, 'x'), f(k + 1, 'y'), offset, blame);
    }
  }
  if (awaiting) {
    throw new CovisError('INPUT_TRUNCATED', 'The file ends before the observations of the last image', {
      file,
      offset: lastOffset,
    });
  }
}

function beginView(file: string, line: string, offset: number, builder: ModelBuilder, blame: Blame): void {
  // Nine numbers, and the rest of the line after one space is the name, with all its spaces.
  const parts = /^\s*((?:\S+\s+){8}\S+)(?:\s(.*))?$/s.exec(line);
  const fields = (parts?.[1] ?? line.trim()).split(/\s+/);
  const { f, id } = fieldReader(file, fields, offset);
  builder.beginView(
    {
      imageId: id(0, 'an image id'),
      rotation: [f(1, 'qw'), f(2, 'qx'), f(3, 'qy'), f(4, 'qz')],
      translation: [f(5, 'tx'), f(6, 'ty'), f(7, 'tz')],
      cameraId: id(8, 'a camera id'),
      name: parts?.[2] ?? '',
    },
    offset,
    blame,
  );
}
