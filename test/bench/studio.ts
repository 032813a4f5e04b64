/** What a person waits for in every view of a library of 100,000 photos in 2,000 clusters. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { loadavg } from 'node:os';
import { chromium } from 'playwright-core';
import { select, text } from '../../src/main/engine/library/rows.ts';
import type { Library } from '../../src/main/engine/library/library.ts';
import { buildStudio, serveLibrary } from '../e2e/serve.ts';
import { line } from './report.ts';
import { openStudio, subjects, type Subject } from './studio-drive.ts';
import { LARGE, studioLibrary } from './studio-library.ts';

/** A view is to stand within this time, in milliseconds, and an answer to a search within this. */
const VIEW_MS = 1000;
const SEARCH_MS = 300;

export const CHROMIUM = [
  ...['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--ignore-gpu-blocklist'],
  // Without a graphics card maps are drawn by the processor, as they are where there is one too old.
  ...['--disable-gpu-rasterization', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
];

/** The views of a library. */
export function viewsOf(library: Library): Subject[] {
  const photo = select(library.db, 'SELECT hash FROM photo WHERE id = 3', text).one();
  const cluster = select(library.db, 'SELECT uid FROM cluster_all WHERE id = 1', text).one();
  return subjects(photo, cluster);
}

/** @param folder scratch. */
export async function studio(folder: string): Promise<void> {
  if (spawnSync('/usr/bin/chromium', ['--version']).status !== 0)
    return console.log('studio: Chromium is missing (apt-get install -y chromium)');
  const path = join(folder, 'studio');
  const began = performance.now();
  const { library } = await studioLibrary(path, LARGE);
  const views = viewsOf(library);
  library.close();
  const { photos, clusters } = LARGE;
  line(
    `made: ${photos} photos, ${clusters} clusters`,
    `${((performance.now() - began) / 1000).toFixed(0)} s`,
    '',
    null,
  );
  buildStudio();
  const { server, url } = await serveLibrary(path);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM });
  try {
    const driver = await openStudio(browser, url);
    line('first page', `${driver.opened.toFixed(0)} ms`, `${kB(driver.bytes)} of answers`, VIEW_MS / driver.opened);
    for (const s of views) {
      const m = await driver.measure(s);
      console.log(
        `${s.name.padEnd(26)} ${`${m.painted.toFixed(0)} ms`.padStart(9)} ${`${m.nodes} nodes`.padStart(11)}  longest task ${m.longest.toFixed(0)} ms, ` +
          `${kB(m.bytes)}, ${m.computed.toFixed(0)} ms computed, ${m.frames === 0 ? 'no list' : `${m.blank} of ${m.frames} frames blank`}`,
      );
    }
    const search = views.find((s) => s.path.startsWith('/search?'))!;
    const again = await driver.measure(search);
    line(
      'a search, its descriptors read',
      `${again.painted.toFixed(0)} ms`,
      'the limit is 300 ms',
      SEARCH_MS / again.painted,
    );
    console.log(`Load of the machine: ${loadavg()[0]!.toFixed(1)}`);
  } finally {
    await browser.close();
    server.kill('SIGTERM');
  }
}

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;
