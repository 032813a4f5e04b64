import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemName } from '../library/photo-kinds.ts';

/** Folders below a source that are looked into: deeper ones hold no model that any program writes. */
export const DEEPEST = 6;
/** Folders that are looked into at most. */
const MOST = 20_000;

/** A folder that was looked into. */
export interface Folder {
  readonly path: string;
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** What lies below a folder, each real folder once, nearest first; and whether that was all. */
export interface Walked {
  readonly folders: readonly Folder[];
  /** Folders that were not looked into, with the reason. */
  readonly left: readonly { readonly path: string; readonly why: string; readonly ordinary?: boolean }[];
}

/** True for a folder, also behind a link. */
export function isFolder(path: string): boolean {
  return real(path) !== undefined && statSync(path).isDirectory();
}

/** Where a folder really is; undefined where links lead nowhere or in a circle. */
function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // A link to nothing is no folder.
    return undefined;
  }
}

/** Looks through a folder, whatever links say: hidden folders and those of the system are left out. @param most folders, for tests. */
export function walkFolders(root: string, most = MOST): Walked {
  const seen = new Set<string>();
  const out: Folder[] = [];
  const left: { path: string; why: string; ordinary?: boolean }[] = [];
  let deeper: string | undefined;
  let level = [{ path: root, linked: false }];
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: { path: string; linked: boolean }[] = [];
    // A folder is called what it is, not what a link to it is.
    for (const { path } of [...level.filter((f) => !f.linked), ...level.filter((f) => f.linked)]) {
      const at = real(path);
      if (at === undefined || seen.has(at)) continue;
      if (out.length >= most) {
        left.push({
          path: root,
          why: `it has more than ${most} folders; those after the first ${most} were not looked into`,
        });
        return { folders: out, left };
      }
      seen.add(at);
      let entries;
      try {
        entries = readdirSync(path, { withFileTypes: true });
      } catch (cause) {
        if (depth === 0) throw cause;
        left.push({ path, why: `it cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})` });
        continue;
      }
      const files: string[] = [];
      const folders: string[] = [];
      for (const e of entries) {
        const linked = e.isSymbolicLink();
        const folder = e.isDirectory() || (linked && isFolder(join(path, e.name)));
        if (!folder) files.push(e.name);
        else if (!isSystemName(e.name)) {
          folders.push(e.name);
          if (depth < DEEPEST) next.push({ path: join(path, e.name), linked });
          else deeper ??= join(path, e.name);
        }
      }
      const order = (x: string, y: string): number => x.localeCompare(y, 'en', { numeric: true });
      out.push({ path, files: files.sort(order), folders: folders.sort(order) });
    }
    level = next.sort((x, y) => x.path.localeCompare(y.path, 'en', { numeric: true }));
  }
  if (deeper !== undefined)
    left.push({
      path: deeper,
      why: `no models are looked for more than ${DEEPEST} folders below the source`,
      ordinary: true,
    });
  return { folders: out, left };
}
