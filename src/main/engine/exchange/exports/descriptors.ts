import { CovisError } from '../../../../shared/errors.ts';
import { descriptors } from '../../../../shared/exports/descriptors.ts';
import { counted } from '../../../../shared/counted.ts';
import { fillWith, writeTogether } from '../../formats/beside.ts';
import { fillNpy } from '../../formats/npy.ts';
import { fileTarget } from '../../formats/target.ts';
import { defaultSize } from '../../inputs/inputs.ts';
import { currentPhoto, LeftOut, isGone } from '../../library/current-photo.ts';
import { allPhotos } from '../../library/tables/photo.ts';
import { resolveNetwork } from '../../network/networks.ts';
import { readDescriptorFile } from '../../retrieval/descriptor-files.ts';
import { loadDescriptors } from '../../retrieval/extract.ts';
import { lines } from '../../sfm/text-lines.ts';
import { damaged, exporter } from './exporter.ts';

/** How far a length may be from one: descriptors are normalised in single precision. */
const LENGTH_ERROR = 1e-3;
const CHECK_EVERY = 256;

/** A `.npy` with a row a photo, and their paths, one a line, in a `.txt` of the same name. Photos that are gone are left out. */
export const descriptorsExport = exporter(descriptors, {
  async write(library, out, o, task, how) {
    const names = `${fileTarget(out, how, 'made').replace(/\.npy$/, '')}.txt`;
    fileTarget(names, how, 'made');
    const row = await resolveNetwork(library, o.network, 'default');
    const size = o.size ?? defaultSize(row.spec);
    const set = loadDescriptors(library, row, size);
    if (set.ids.length === 0)
      throw new CovisError('STATE_EMPTY', `Network ${row.uid} has no descriptors at ${size} pixels`, {
        hint: 'Extract them first.',
      });
    const gone = new LeftOut();
    const rows: number[] = [];
    const paths: string[] = [];
    set.ids.forEach((id, i) => {
      if (i % CHECK_EVERY === 0) task.check();
      try {
        paths.push(currentPhoto(library, id));
      } catch (error) {
        if (!gone.takes(error)) throw error;
        return;
      }
      rows.push(i);
      if (/[\r\n]/.test(paths.at(-1)!))
        throw new CovisError('INPUT_INVALID', 'A list has one name a line, and this name has a line break', {
          file: paths.at(-1)!,
          hint: 'Rename the photo and import again.',
        });
    });
    gone.say((m) => task.warn(m));
    if (rows.length === 0)
      throw new CovisError('STATE_EMPTY', 'None of the described photos is where it was imported from', {
        hint: 'Put the folder back, or import it again from where it is now.',
      });
    const data = new Float32Array(rows.length * set.dim);
    rows.forEach((r, i) => data.set(set.data.subarray(r * set.dim, (r + 1) * set.dim), i * set.dim));
    writeTogether(
      [
        [out, (t) => fillNpy(t, '<f4', [rows.length, set.dim], [data])],
        [names, (t) => fillWith(t, paths.map((p) => `${p}\n`).join(''))],
      ],
      { ...how, bytes: data.byteLength },
    );
    return { items: rows.length, files: [out, names] };
  },
  async verify([file, names], library) {
    const { vectors } = await readDescriptorFile(file!);
    for (let r = 0; r < vectors.rows; r += 1) {
      const length = Math.hypot(...vectors.data.subarray(r * vectors.dim, (r + 1) * vectors.dim));
      // A photo of nothing has a descriptor of zeros.
      if (!(Math.abs(length - 1) < LENGTH_ERROR || length === 0))
        throw damaged(file!, `row ${r} has a length of ${length}`);
    }
    const paths = new Set(
      allPhotos(library).flatMap(({ id }) => {
        try {
          return currentPhoto(library, id);
        } catch (error) {
          // A photo that is gone cannot be named; anything else is another fault.
          if (!isGone(error)) throw error;
          return [];
        }
      }),
    );
    let listed = 0;
    for (const { text } of lines(names!)) {
      listed += 1;
      if (!paths.has(text)) throw damaged(names!, `line ${listed} is no photo of the library`);
    }
    if (listed !== vectors.rows)
      throw damaged(names!, `it names ${counted(listed, 'photo')} for ${counted(vectors.rows, 'descriptor')}`);
    return { items: vectors.rows };
  },
});
