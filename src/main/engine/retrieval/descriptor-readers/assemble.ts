import { CovisError } from '../../../../shared/errors.ts';
import type { Matrix } from '../rank.ts';
import type { DescriptorFile } from './reader.ts';

/** Rows with the image of each; images without names are counted. */
export function assembled(
  rows: readonly Float32Array[],
  owners: readonly number[],
  names?: readonly string[],
): DescriptorFile {
  const dim = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * dim);
  rows.forEach((r, i) => data.set(r, i * dim));
  const images = names?.length ?? (owners.at(-1) ?? -1) + 1;
  const regional = rows.length !== images;
  return {
    vectors: { data, rows: rows.length, dim },
    images,
    ...(names === undefined ? {} : { names }),
    ...(regional ? { owners: Uint32Array.from(owners) } : {}),
  };
}

/** A matrix of regions an image, one after another. */
export function regional(parts: readonly Matrix[]): DescriptorFile {
  const dim = parts[0]?.dim ?? 0;
  const total = parts.reduce((n, p) => n + p.rows, 0);
  const data = new Float32Array(total * dim);
  const owners = new Uint32Array(total);
  let at = 0;
  parts.forEach((p, i) => {
    if (p.dim !== dim)
      throw new CovisError('INPUT_INVALID', `Image ${i} has ${p.dim} dimensions, the first has ${dim}`);
    data.set(p.data.subarray(0, p.rows * dim), at * dim);
    owners.fill(i, at, at + p.rows);
    at += p.rows;
  });
  return { vectors: { data, rows: total, dim }, owners, images: parts.length };
}
