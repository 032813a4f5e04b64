import { CovisError } from '../../../../shared/errors.ts';
import { rotationMatrix, translationOf, type SparseModel } from '../model.ts';
import { blameFor, lines, number } from '../text-lines.ts';
import { faultOf, TrackBuilder } from '../track-builder.ts';
import { sizeOfImage, type ImageSizes } from '../sizes.ts';
import { filesNamed } from './files.ts';
import type { ReadOptions } from '../model-builder.ts';
import type { ModelReader } from './reader.ts';

const NAMED = /\.nvm$/i;

/** VisualSFM's .nvm (methods.md 9.6). */
export const nvm: ModelReader = {
  format: 'nvm',
  title: 'NVM of VisualSFM',
  at: 'file',
  named: NAMED,
  begins: (head) => head.toString('latin1').startsWith('NVM_V3'),
  holds: 'points',
  needsSizes: true,
  find: (folder) => filesNamed(folder, NAMED),
  files: (path) => [path],
  read: (path, { sizes }, warn, options) => readNvm(path, sizes, warn, options),
};

/**
 * Reads an NVM file of VisualSFM, which may hold several models (methods.md 9.6). Poses are quaternion and centre; file names may hold
 * spaces. VisualSFM measures keypoints from the image's centre, others from its corner: negative coordinates tell.
 * @throws CovisError naming file and offset.
 */
function readNvm(
  file: string,
  sizes: ImageSizes,
  warn: (message: string) => void,
  options: ReadOptions | undefined,
): SparseModel[] {
  const source = lines(file);
  const blame = blameFor(file);
  let offset = 0;
  const nextLine = (what: string): string => {
    const text = optionalLine();
    if (text === undefined) throw new CovisError('INPUT_TRUNCATED', `The file ends before ${what}`, { file, offset });
    return text;
  };
  const optionalLine = (): string | undefined => {
    for (;;) {
      const line = source.next();
      if (line.done === true) return undefined;
      offset = line.value.offset;
      const text = line.value.text.trimEnd();
      if (text.trim() !== '' && !text.trimStart().startsWith('#')) return text.trimStart();
    }
  };
  const value = (field: string | undefined, what: string): number => {
    const v = number(field, what, offset, blame, blame);
    if (!Number.isFinite(v)) throw blame(`${what} is not finite`, offset);
    return v;
  };
  const whole = (field: string | undefined, what: string, below = 2 ** 32): number => {
    const v = value(field, what);
    if (!Number.isInteger(v) || v < 0 || v >= below)
      throw blame(`${what} is ${field}, not a whole number below ${below}`, offset);
    return v;
  };
  try {
    if (!nextLine('its first line').startsWith('NVM_V3')) throw blame('The first line is not NVM_V3', 0);
    const models: SparseModel[] = [];
    for (;;) {
      const head = optionalLine();
      if (head === undefined) break;
      const cameras = whole(head, 'the number of cameras', 1e7);
      if (cameras === 0) break;
      models.push(readOne(cameras));
    }
    if (models.length === 0)
      throw new CovisError('INPUT_INVALID', 'This file holds no model', {
        file,
        hint: 'Its first model has no cameras: reconstruct in VisualSFM, and save the model again.',
      });
    return models;
  } finally {
    source.return(undefined);
  }

  function readOne(cameras: number): SparseModel {
    const builder = new TrackBuilder(faultOf(file), options);
    const intrinsics: { name: string; focal: number; radial: number; offset: number }[] = [];
    for (let c = 0; c < cameras; c += 1) {
      const line = nextLine('a camera');
      const fields = line.split(/\s+/);
      // Ten numbers end the line; what is before them is the name, spaces and all. COLMAP leaves the last one out.
      const numbers = fields.length >= 11 && fields.at(-1) === '0' ? 10 : 9;
      if (fields.length <= numbers) throw blame('A camera line is too short', offset);
      const before = withoutLast(line, numbers);
      const name = /^"(.*)"$/s.exec(before)?.[1] ?? before;
      const [focal, w, x, y, z, cx, cy, cz, radial] = fields
        .slice(-numbers)
        .map((f) => value(f, 'a camera parameter')) as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const rotation = [w, x, y, z] as const;
      builder.view(
        {
          imageId: c + 1,
          name,
          cameraId: c + 1,
          rotation,
          translation: translationOf(rotationMatrix(rotation), [cx, cy, cz]),
        },
        offset,
      );
      intrinsics.push({ name, focal, radial, offset });
    }
    const points = whole(nextLine('the number of points'), 'the number of points');
    for (let p = 0; p < points; p += 1) {
      const f = nextLine('a point').split(/\s+/);
      const at = (i: number, what: string): number => value(f[i], what);
      const index = builder.point(
        [at(0, 'x'), at(1, 'y'), at(2, 'z')],
        [at(3, 'a colour'), at(4, 'a colour'), at(5, 'a colour')],
        offset,
      );
      const n = whole(f[6], 'the number of measurements', cameras * 1000 + 1);
      if (f.length < 7 + 4 * n) throw new CovisError('INPUT_TRUNCATED', 'A point line is too short', { file, offset });
      for (let k = 0; k < n; k += 1) {
        const image = whole(f[7 + 4 * k], 'an image index');
        const [x, y] = [at(9 + 4 * k, 'x'), at(10 + 4 * k, 'y')];
        if (image < cameras) builder.observe(image, index, x, y, offset);
        else
          builder.lost(
            `A point is seen in image ${image}, and the model has ${cameras}`,
            'observations of images that the model does not have',
            offset,
          );
      }
    }
    const extents = builder.extents();
    const centred = intrinsics.some((_, v) => extents[3 * v + 2]! < 0);
    const placed = intrinsics.map(({ name, focal, radial, offset: at }, v) => {
      const by = centred ? 2 : 1;
      const [width, height] = sizeOfImage(sizes, name, by * extents[3 * v]!, by * extents[3 * v + 1]!);
      builder.camera(
        {
          id: v + 1,
          model: 'SIMPLE_RADIAL',
          width,
          height,
          // The sign of NVM's radial distortion is the opposite of COLMAP's.
          params: [focal, width / 2, height / 2, radial === 0 ? 0 : -radial],
        },
        at,
      );
      return [width / 2, height / 2] as const;
    });
    if (centred) builder.shift((v) => placed[v]!);
    return builder.finish('model', (m) => warn(`${file}: ${m}`));
  }
}

/** A line without its last words and the white space before them; one look at each character. */
function withoutLast(line: string, words: number): string {
  let at = line.length;
  for (let n = 0; n < words; n += 1) {
    while (at > 0 && /\S/.test(line[at - 1]!)) at -= 1;
    while (at > 0 && /\s/.test(line[at - 1]!)) at -= 1;
  }
  return line.slice(0, at);
}
