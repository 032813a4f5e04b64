import { CovisError } from '../../../shared/errors.ts';
import { ForeignDatabase, type ForeignTables } from '../formats/foreign-database.ts';
import { decodeName } from '../library/names.ts';
import { skippable, type ReadOptions } from './model-builder.ts';
import type { ImageMatches, MatchedImage } from './match-tracks.ts';

/** COLMAP's pair_id is min * 2147483647 + max (methods.md 9.4). */
const PAIR_BASE = 2147483647;
const MAX_ROWS = 1e7;
const BLOB = ['rows', 'cols', 'data'] as const;
const TABLES: ForeignTables = {
  images: { key: 'image_id', columns: ['name', 'camera_id'] },
  cameras: { key: 'camera_id', columns: ['width', 'height'] },
  keypoints: { key: 'image_id', columns: BLOB },
  two_view_geometries: { key: 'pair_id', columns: BLOB },
};
const TITLE = 'COLMAP database';

/** Reads what COLMAP keeps in `database.db`: images, keypoints, descriptors, verified matches. Never writes. */
export class ColmapDatabase {
  readonly file: string;
  readonly #db: ForeignDatabase;

  /** @throws CovisError `INPUT_MISSING`, `INPUT_CORRUPT` for anything but a COLMAP database. */
  constructor(file: string) {
    this.file = file;
    this.#db = new ForeignDatabase(file, TITLE, TABLES);
  }

  close(): void {
    this.#db.close();
  }

  #corrupt(message: string, cause?: unknown): CovisError {
    return this.#db.corrupt(message, cause);
  }

  /** Images by id, with their size in pixels. */
  images(): { readonly id: number; readonly name: string; readonly width: number; readonly height: number }[] {
    const cameras = new Map<unknown, readonly [width: unknown, height: unknown]>();
    for (const c of this.#db.rows('cameras', 'width, height')) cameras.set(c['camera_id'], [c['width'], c['height']]);
    const out: { id: number; name: string; width: number; height: number }[] = [];
    const side = (v: unknown): v is number => typeof v === 'number' && v > 0 && v < 1e6;
    for (const i of this.#db.rows('images', 'CAST(name AS BLOB) AS name, typeof(name) AS kind, camera_id')) {
      const id = i['image_id'] as number;
      const camera = cameras.get(i['camera_id']);
      if (camera === undefined) continue;
      const [width, height] = camera;
      const { name, kind } = i as { name: unknown; kind: unknown };
      if (
        !(name instanceof Uint8Array) ||
        (kind !== 'text' && kind !== 'blob') ||
        name.length === 0 ||
        !side(width) ||
        !side(height)
      )
        throw this.#corrupt(`has an image ${id} without a name or a size`);
      out.push({ id, name: decodeName(name), width, height });
    }
    return out;
  }

  /** How many positions or directions of gravity COLMAP was told beforehand: from GPS, or by a person. 0 where it has no such table. */
  posePriors(): number {
    return this.#db.count('pose_priors');
  }

  #blob(table: string, id: number, cell: number): { rows: number; cols: number; data: Buffer } | undefined {
    const row = this.#db.row(table, id);
    if (row === undefined) return undefined;
    const { rows, cols } = row as { rows: unknown; cols: unknown };
    const held = row['data'];
    const data = held instanceof Uint8Array ? Buffer.from(held.buffer, held.byteOffset, held.length) : held;
    if (data === null || rows === 0) return { rows: 0, cols: Number(cols) || 0, data: Buffer.alloc(0) };
    const whole = (v: unknown): v is number => typeof v === 'number' && Number.isInteger(v) && v >= 0 && v <= MAX_ROWS;
    if (!whole(rows) || !whole(cols) || !Buffer.isBuffer(data) || data.length !== rows * cols * cell)
      throw this.#corrupt(
        `says ${String(rows)} x ${String(cols)} for image or pair ${id}, which does not fit the bytes there`,
      );
    return { rows, cols, data };
  }

  /**
   * Positions [n, 2] in pixels and sizes [n]; sizes are NaN where keypoints have two columns, and where all sizes are 1: features that are
   * learned have none, and that is what pycolmap writes for them.
   */
  keypoints(imageId: number): { readonly xy: Float32Array; readonly scale: Float32Array } {
    const blob = this.#blob('keypoints', imageId, 4);
    const n = blob?.rows ?? 0;
    const xy = new Float32Array(2 * n);
    const scale = new Float32Array(n).fill(Number.NaN);
    if (blob === undefined || n === 0) return { xy, scale };
    if (blob.cols < 2) throw this.#corrupt(`has keypoints of ${blob.cols} columns`);
    const f = (i: number, c: number): number => blob.data.readFloatLE(4 * (i * blob.cols + c));
    for (let i = 0; i < n; i += 1) {
      xy[2 * i] = f(i, 0);
      xy[2 * i + 1] = f(i, 1);
      if (!Number.isFinite(xy[2 * i]!) || !Number.isFinite(xy[2 * i + 1]!))
        throw this.#corrupt(`has a keypoint of image ${imageId} that is not a number`);
      // Four columns: x, y, scale, orientation; six: x, y and an affine shape.
      if (blob.cols === 4) scale[i] = f(i, 2);
      else if (blob.cols >= 6) scale[i] = Math.sqrt(Math.abs(f(i, 2) * f(i, 5) - f(i, 3) * f(i, 4)));
    }
    if (scale.every((s) => s === 1)) scale.fill(Number.NaN);
    return { xy, scale };
  }

  /** Verified matches of every pair with at least `minInliers`, one pair at a time. */
  *verified(minInliers: number): Generator<{ a: number; b: number; matches: Uint32Array }> {
    const ids: number[] = [];
    // Chosen here, not by SQL, so that rows without end are seen to have none.
    for (const r of this.#db.rows('two_view_geometries', 'rows'))
      if (typeof r['rows'] === 'number' && r['rows'] >= Math.max(1, minInliers)) ids.push(r['pair_id'] as number);
    for (const id of ids) {
      if (!Number.isSafeInteger(id)) throw this.#corrupt('has a pair id that is no number');
      const b = id % PAIR_BASE;
      const a = (id - b) / PAIR_BASE;
      const blob = this.#blob('two_view_geometries', id, 4);
      if (blob === undefined || blob.rows === 0) continue;
      if (blob.cols !== 2) throw this.#corrupt(`has matches of ${blob.cols} columns`);
      const matches = new Uint32Array(2 * blob.rows);
      for (let i = 0; i < matches.length; i += 1) matches[i] = blob.data.readUInt32LE(4 * i);
      yield { a, b, matches };
    }
  }
}

/** Images and verified matches of a database, for {@link matchModels}. @throws CovisError as {@link ColmapDatabase}. */
export function readDatabaseMatches(
  file: string,
  minInliers: number,
  warn: (message: string) => void = () => undefined,
  { skipDamaged }: ReadOptions = {},
): { images: MatchedImage[]; pairs: ImageMatches[] } {
  const db = new ColmapDatabase(file);
  try {
    const listed = db.images();
    const indexOf = new Map(listed.map((im, i) => [im.id, i]));
    const images = listed.map(({ id, name, width, height }) => ({ name, width, height, ...db.keypoints(id) }));
    const pairs: ImageMatches[] = [];
    let skipped = 0;
    const wrong = (message: string): void => {
      if (skipDamaged !== true) throw skippable(new CovisError('INPUT_CORRUPT', message, { file }));
      skipped += 1;
    };
    for (const { a, b, matches } of db.verified(minInliers)) {
      const [x, y] = [indexOf.get(a), indexOf.get(b)];
      if (x === undefined || y === undefined || x === y) {
        wrong(`This COLMAP database matches images ${a} and ${b}, which it lacks`);
        continue;
      }
      const [na, nb] = [images[x]!.scale.length, images[y]!.scale.length];
      if (matches.some((m, k) => m >= (k % 2 === 0 ? na : nb))) {
        wrong(`Images ${a} and ${b} match a keypoint that neither has`);
        continue;
      }
      pairs.push({ a: x, b: y, matches });
    }
    const priors = db.posePriors();
    if (priors > 0)
      warn(
        `${file}: its ${priors} pose ${priors === 1 ? 'prior is' : 'priors are'} passed over: matches have no use for them, and where a photo was taken is read from the photo itself`,
      );
    if (skipped > 0)
      warn(
        `${file}: left out the matches of ${skipped} pairs, which name images or keypoints that the database does not have`,
      );
    return { images, pairs };
  } finally {
    db.close();
  }
}
