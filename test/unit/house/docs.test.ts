import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../support/programs.ts';

const FOLDERS = ['src', 'scripts', 'test', 'docs'];
const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => /\.(ts|mts|mjs|vue|md)$/.test(f))
    .map((f) => join(folder, f)),
);

/** Every `methods.md 1.2, 1.3` and `methods.md 9.4 to 9.6`, as [file, section]. */
function references(): [string, string][] {
  return files.flatMap((file) =>
    [
      ...readFileSync(join(ROOT, file), 'utf8').matchAll(
        /methods\.md:? (\d+(?:\.\d+)?(?:(?:, | and |–|-| to )\d+(?:\.\d+)?(?![\d%]))*)/g,
      ),
    ].flatMap((m) => m[1]!.match(/\d+(?:\.\d+)?/g)!.map((section): [string, string] => [file, section])),
  );
}

describe('docs/methods.md', () => {
  const text = readFileSync(join(ROOT, 'docs', 'methods.md'), 'utf8');
  const headings = new Set(Array.from(text.matchAll(/^#{2,3} (\d+(?:\.\d+)?)\.? /gm), (m) => m[1]!));

  it('has every section that code and tests refer to', () => {
    const all = references();
    expect(all.length).toBeGreaterThan(120);
    // A list of steps under a section without parts of its own is referred to by their numbers: 5.2 is step 2 of section 5.
    const steps = (section: string): boolean => {
      const [chapter, step] = section.split('.');
      const body = new RegExp(`^## ${chapter}\\. [^]*?(?=^## |(?![^]))`, 'm').exec(text)?.[0] ?? '';
      return !/^### /m.test(body) && new RegExp(`^${step}\\. `, 'm').test(body);
    };
    expect(all.filter(([, s]) => !headings.has(s) && !steps(s))).toEqual([]);
  });

  it('is the only file of that name', () => {
    expect(files.filter((f) => f.endsWith('methods.md'))).toEqual([join('docs', 'methods.md')]);
  });

  it('has no link that leads nowhere, as the other documents', () => {
    for (const doc of ['docs/methods.md', 'docs/decisions.md', 'README.md', 'ARCHITECTURE.md']) {
      const at = join(ROOT, doc, '..');
      const links = Array.from(
        readFileSync(join(ROOT, doc), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g),
        (m) => m[1]!,
      );
      expect(links.filter((l) => !existsSync(join(at, l)))).toEqual([]);
    }
  });
});
