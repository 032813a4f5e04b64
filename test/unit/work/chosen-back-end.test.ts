import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CommandDefinition } from '../../../src/main/cli/program/command.ts';
import { commands } from '../../../src/main/cli/commands/index.ts';
import { settingsFile } from '../../../src/main/engine/environment/settings.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { chosenBackend, computing, openRunner } from '../../../src/main/engine/network/computing.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const COMMANDS = await commands();

const folder = temporaryFolder();
/** A back end that this platform does not have: whoever computes with what was chosen is refused by its name. */
const MISSING = process.platform === 'win32' ? 'coreml' : 'directml';
const REFUSED = new RegExp(`has no ${MISSING} on this platform`);
const photo = join(ROOT, 'resources/sample/castle/images');
let library: Library;
let path = '';

beforeAll(async () => {
  path = join(folder, 'library');
  library = await smallLibrary(path);
  // Two domains of two classes, of photos of the sample.
  for (const domain of ['one', 'two'])
    for (const label of ['castle', 'pagoda'])
      cpSync(join(ROOT, 'resources/sample', label, 'images'), join(folder, 'domains', domain, label), {
        recursive: true,
      });
}, 60_000);

const run = (name: string, words: object, options: object): Promise<void> => {
  const definition = COMMANDS.find((c): c is CommandDefinition => c.name === name)!;
  return definition.run({ ...words }, { backend: MISSING, ...options });
};

describe('--backend is what computes in', () => {
  it.each([
    ['extract', () => run('extract', { library: path }, {})],
    ['extract of a folder', () => run('extract', {}, { photos: photo, out: join(folder, 'x.npy') })],
    ['regions', () => run('descriptors', { library: path }, { regions: true })],
    ['mine', () => run('mine', { library: path }, {})],
    ['whiten', () => run('whiten', { library: path }, {})],
    ['train', () => run('train', { library: path }, {})],
    ['ladder', () => run('ladder', { library: path }, {})],
    ['evaluate', () => run('evaluate', { library: path }, {})],
    ['evaluate under a protocol', () => run('evaluate', { library: path }, { protocol: 'sfm' })],
    ['teacher', () => run('teacher', { library: path }, {})],
    ['search', () => run('search', { library: path }, { query: join(photo, 'castle_01.jpg') })],
    ['edges', () => run('edges', {}, { photos: photo, out: join(folder, 'maps') })],
    ['domains', () => run('domains', { folder: join(folder, 'domains') }, {})],
  ] as const)('covis %s', { timeout: 60_000 }, async (_, work) => {
    await expect(work()).rejects.toThrow(REFUSED);
  });
});

describe('what computes', () => {
  /** No choice, whether the settings had a folder before or not. */
  const settled = (): void => {
    delete process.env['COVIS_BACKEND'];
    mkdirSync(dirname(settingsFile()), { recursive: true });
    writeFileSync(settingsFile(), '{}');
  };
  afterEach(settled);

  it('is said in the result, and left out where nothing had to be computed', { timeout: 60_000 }, async () => {
    const first = await WORK.extract.run(library, { backend: 'cpu' }, silentContext());
    expect(first).toMatchObject({ device: 'ONNX Runtime, CPU' });
    expect(first.computed).toBe(first.photos);
    const again = await WORK.extract.run(library, { backend: 'cpu' }, silentContext());
    expect(again.computed).toBe(0);
    expect(again).not.toHaveProperty('device');
  });

  it('is the option, else that of the process, else the setting, else auto', async () => {
    settled();
    expect(chosenBackend()).toBe('auto');
    writeFileSync(settingsFile(), JSON.stringify({ backend: MISSING }));
    expect(chosenBackend()).toBe(MISSING);
    await expect(openRunner(embeddedNetwork('photos').graph)).rejects.toThrow(REFUSED);
    process.env['COVIS_BACKEND'] = 'tfjs-cpu';
    expect(chosenBackend()).toBe('tfjs-cpu');
    const { result, device } = await computing('cpu', async () => {
      const runner = await openRunner(embeddedNetwork('photos').graph);
      await runner.release();
      return chosenBackend();
    });
    expect(result).toBe('cpu');
    expect(device).toBe('ONNX Runtime, CPU');
    process.env['COVIS_BACKEND'] = 'abacus';
    expect(() => chosenBackend()).toThrow(/abacus, which is no back end/);
  });

  it('gives the same descriptors on TensorFlow.js as on ONNX Runtime', { timeout: 60_000 }, async () => {
    const { graph } = embeddedNetwork('photos');
    const dims = [1, 3, 64, 80];
    const data = Float32Array.from({ length: 3 * 64 * 80 }, (_, i) => Math.sin(i));
    const rows: { readonly dims: readonly number[]; readonly data: Float32Array }[] = [];
    for (const backend of ['cpu', 'tfjs-cpu'] as const) {
      const { result } = await computing(backend, async () => {
        const runner = await openRunner(graph);
        const out = await runner.runShaped({ image: { dims, data } });
        await runner.release();
        return Object.values(out)[0]!;
      });
      rows.push(result);
    }
    expect(rows[1]!.dims).toEqual(rows[0]!.dims);
    const most = Math.max(...rows[0]!.data.map((v, i) => Math.abs(v - rows[1]!.data[i]!)));
    expect(most).toBeLessThan(1e-5);
  });
});
