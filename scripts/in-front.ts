import { resolve } from 'node:path';
import type { Plugin, Rolldown } from 'vite';

type Chunk = Rolldown.OutputChunk;

/** The name of the file of libraries that every page begins with. */
export const LIBRARIES = 'libraries';
/** The page's first steps, which its server answers while the rest is read: a file of its own. */
export const FIRST = ['first', 'entrance', 'files-ahead'].map((n) => resolve(`src/renderer/transport/${n}.ts`));
/** The view that an address without one leads to. */
const FIRST_VIEW = 'clusters';

/** What a file needs before it runs, itself too, without what is there. */
function below(chunk: Chunk, named: ReadonlyMap<string, Chunk>, there: ReadonlySet<string>): Set<string> {
  const all = new Set<string>();
  const add = (c: Chunk): void => {
    if (all.has(c.fileName) || there.has(c.fileName)) return;
    all.add(c.fileName);
    for (const file of c.imports) if (named.has(file)) add(named.get(file)!);
  };
  add(chunk);
  return all;
}

/**
 * The code of each view, and of pages below one, by their addresses (src/renderer/transport/files-ahead.ts).
 * Views stand in folders that are called as their addresses.
 */
function filesOfViews(chunks: readonly Chunk[]): Record<string, string[]> {
  const named = new Map(chunks.map((c) => [c.fileName, c]));
  const always = new Set(chunks.filter((c) => c.isEntry).flatMap((c) => [...below(c, named, new Set())]));
  const views: Record<string, string[]> = {};
  for (const c of chunks) {
    const [, folder, name] = /[\\/]views[\\/](\w+)[\\/](\w+)View\.vue$/.exec(c.facadeModuleId ?? '') ?? [];
    if (folder === undefined || name === undefined) continue;
    const files = [...below(c, named, always)];
    if (name.toLowerCase() === folder) views[folder] = files;
    else views[`${folder}/`] = files;
    if (name.toLowerCase() === FIRST_VIEW) views[''] = files;
  }
  return views;
}

/**
 * Has run in front of the page, each in a task of its own as soon as it has come: the first steps, and the libraries that every page begins with.
 * The page needs both, and would run them in one task with itself. Which files a view is made of is written down for the first steps.
 */
export const inFront: Plugin = {
  name: 'in-front',
  transformIndexHtml: {
    order: 'post',
    handler(html, { bundle }) {
      const chunks = Object.values(bundle ?? {}).filter((f) => f.type === 'chunk');
      const front = [chunks.find((c) => c.facadeModuleId === FIRST[0]), chunks.find((c) => c.name === LIBRARIES)];
      // The development server makes no bundle, and the page takes its first steps itself.
      if (bundle === undefined) return html;
      const files = JSON.stringify(filesOfViews(chunks));
      const scripts = front.map((c) => `<script type="module" async crossorigin src="/${c?.fileName}"></script>`);
      return html.replace(
        '<script',
        [`<meta name="files" content='${files}' />`, ...scripts, '<script'].join('\n    '),
      );
    },
  },
};
