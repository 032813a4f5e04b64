/**
 * `npm run screens [-- LIBRARY] [--furnish] [--out DIR] [--only EXPRESSION] [--widths 1440,1024]`: a picture of every view, dialog and menu, in
 * both themes at three sizes, to be looked at; of a dialog that folds something away a second one, with all of it. Without a library, the demo one
 * of `npm run dev`. `--furnish`: of a copy that is given what dialogs show: versions, another curator's photos, plans.
 * `npm run screens -- --tour [LIBRARY]`: the pictures of docs/tour.md, of a library of the sample.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { furnish } from './screens/furnish.ts';
import { isHere, PLACES, settle, shownOf, unfold, visit } from './screens/places.ts';
import { browser, served } from './screens/serve.ts';
import { tour } from './screens/tour.ts';

const ROOT = join(import.meta.dirname, '..');
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 700 },
  { width: 2560, height: 1440 },
] as const;
const THEMES = ['dark', 'light'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    only: { type: 'string' },
    tour: { type: 'boolean', default: false },
    furnish: { type: 'boolean', default: false },
    widths: { type: 'string' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'covis-screens-'));
const window = await browser();
try {
  const library = resolve(positionals[0] ?? join(ROOT, 'demo-library'));
  if (values.tour) await tour(window, library, folder, resolve(values.out ?? join(ROOT, 'docs', 'tour')));
  else await all(library);
} finally {
  await window.close();
  rmSync(folder, { recursive: true, force: true });
}

async function all(given: string): Promise<void> {
  const widths = values.widths?.split(',').map(Number);
  const sizes = SIZES.filter((s) => widths?.includes(s.width) ?? true);
  const home = join(folder, 'home');
  let library = given;
  if (values.furnish) {
    library = join(home, 'Library');
    cpSync(given, library, { recursive: true });
    await furnish(library, home);
  }
  const out = resolve(values.out ?? join(ROOT, 'test-output', 'screens'));
  const only = new RegExp(values.only ?? '');
  const { url, stop } = await served(folder, [library, ...(values.furnish ? ['--root', home] : [])]);
  let failed = 0;
  for (const theme of THEMES) {
    const page = await window.newPage({ viewport: SIZES[0], colorScheme: theme, reducedMotion: 'reduce' });
    await page.goto(url);
    const shown = await shownOf(page);
    const take = async (name: string): Promise<void> => {
      for (const size of sizes) {
        const into = join(out, `${theme}-${size.width}x${size.height}`);
        mkdirSync(into, { recursive: true });
        await page.setViewportSize(size);
        await settle(page);
        await page.screenshot({ path: join(into, `${name}.png`) });
      }
    };
    for (const place of PLACES) {
      if (!only.test(place.name) || !isHere(place, shown)) continue;
      await page.setViewportSize(SIZES[0]);
      try {
        await visit(page, place, shown);
        await take(place.name);
        if (await unfold(page)) await take(`${place.name}-unfolded`);
      } catch (error) {
        failed += 1;
        console.error(`${place.name} in the ${theme} theme: ${String(error).split('\n')[0]}`);
      }
    }
    await page.close();
  }
  stop();
  console.log(`Pictures are in ${out}${failed > 0 ? `; ${failed} could not be taken` : ''}`);
  if (failed > 0) process.exitCode = 1;
}
