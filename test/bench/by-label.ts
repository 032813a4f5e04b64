/** What people would say: photos of one folder show one thing, and nothing else does. Measures of the bench are held against it. */
import type { Geometry } from '../../src/main/engine/evaluation/protocols.ts';
import type { Library } from '../../src/main/engine/library/library.ts';
import { select, text } from '../../src/main/engine/library/rows.ts';

/** A geometry whose pairs are those of one folder, or of one model whose files lie in none; of a library with a folder, or a model, for each label. */
export function byLabel(library: Library, g: Geometry): Geometry {
  const nameOf = select(
    library.db,
    `SELECT CASE WHEN instr(f.name, '/') > 0 THEN f.name ELSE s.name || '/' || f.name END
     FROM known_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = ? LIMIT 1`,
    text,
  );
  const labels = Array.from(g.ids, (id) => nameOf.one(id).split('/').slice(0, -1).join('/'));
  const numbers = new Map([...new Set(labels)].map((l, i) => [l, i]));
  const pairs = labels.flatMap((l, a) => labels.flatMap((m, b) => (a < b && l === m ? [[a, b] as const] : [])));
  const { sure: _, ...plain } = g;
  return {
    ...plain,
    group: Int32Array.from(labels, (l) => numbers.get(l)!),
    unknown: new Uint8Array(g.ids.length),
    a: Uint32Array.from(pairs, ([a]) => a),
    b: Uint32Array.from(pairs, ([, b]) => b),
    maybe: new Map(),
    unsure: new Map(),
  };
}
