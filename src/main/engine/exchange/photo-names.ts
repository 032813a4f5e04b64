import { basename, relative } from 'node:path';
import type { Library } from '../library/library.ts';

/** Names of photos for files that other programs read. */
export interface PhotoNames {
  /** `<scene>/<path below the scene's folder>`, forward slashes, unique in the library. @param photo id of the library. */
  readonly name: (photo: number) => string;
  /** Id of a photo by its name, its content hash, or a file name that only one photo has; undefined where there is none. */
  readonly find: (text: string) => number | undefined;
}

export function photoNames(library: Library): PhotoNames {
  const { db } = library;
  const scenes = db.prepare('SELECT id, name, root, images FROM scene ORDER BY id').all() as {
    id: number;
    name: string;
    root: string;
    images: string;
  }[];
  const taken = new Set<string>();
  const prefix = new Map<number, string>();
  for (const s of scenes) {
    const label = taken.has(s.name) ? `${s.name}~${s.id}` : s.name;
    taken.add(label);
    const inside = relative(s.root, s.images).replaceAll('\\', '/');
    prefix.set(s.id, inside === '' || inside.startsWith('..') ? label : `${label}/${inside}`);
  }
  const file = db
    .prepare('SELECT scene_id, name FROM photo_file WHERE photo_id = ? ORDER BY scene_id, name LIMIT 1')
    .raw();
  const byHash = db.prepare('SELECT id FROM photo WHERE hash = ?').pluck();
  const byFile = db.prepare('SELECT photo_id FROM photo_file WHERE scene_id = ? AND name = ?').pluck();
  const byBase = db
    .prepare("SELECT DISTINCT photo_id FROM photo_file WHERE name = :n OR name LIKE '%/' || :n LIMIT 2")
    .pluck();
  return {
    name: (photo) => {
      const found = file.get(photo) as [number, string] | undefined;
      return found === undefined ? String(photo) : `${prefix.get(found[0])}/${found[1]}`;
    },
    find: (text) => {
      const hash = byHash.get(text) as number | undefined;
      if (hash !== undefined) return hash;
      for (const [scene, start] of prefix) {
        if (!text.startsWith(`${start}/`)) continue;
        const id = byFile.get(scene, text.slice(start.length + 1)) as number | undefined;
        if (id !== undefined) return id;
      }
      const named = byBase.all({ n: basename(text) }) as number[];
      return text === basename(text) && named.length === 1 ? named[0] : undefined;
    },
  };
}
