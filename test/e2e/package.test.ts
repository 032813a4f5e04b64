import type { ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ownRoot, type OwnRoot, type Person } from '../support/own-root.ts';
import { describeWith, ROOT } from '../support/programs.ts';

const DISPLAY = ':93';
const LONG = { timeout: 120_000 };
const ONE: Person = { name: 'one', id: 23_451, home: '/home/one' };
const TWO: Person = { name: 'two', id: 23_452, home: '/home/Große Türme' };
/** Where the package lies a second time. */
const ELSEWHERE = '/home/Büro, zweiter Stock/Covis';

/** A system may let nobody make a root of its own; CI need not be one that does. */
const may =
  process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

interface Studio {
  readonly process: ChildProcess;
  readonly browser: Browser;
  readonly page: Page;
  readonly ended: Promise<number | null>;
}

/** Everything that runs for a person: process ids with what the system says of each. */
function processesOf(who: Person): readonly { id: string; words: string; status: string }[] {
  return readdirSync('/proc').flatMap((id) => {
    try {
      if (!/^\d+$/.test(id)) return [];
      const status = readFileSync(`/proc/${id}/status`, 'utf8');
      if (!new RegExp(`^Uid:\\s+${who.id}\\b`, 'm').test(status)) return [];
      return [{ id, status, words: readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
    } catch {
      return [];
    }
  });
}

const body = (): void => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-package-'));
  const files = join(folder, 'files');
  let root: OwnRoot;
  let xvfb: ChildProcess;
  const open: Studio[] = [];

  /** Opens the desktop as a person does, with everything that protects. */
  async function openStudio(who: Person, program: string, ...words: readonly string[]): Promise<Studio> {
    const child = root.start(
      [
        ...[program, '--remote-debugging-port=0', '--disable-gpu'],
        ...['--use-angle=swiftshader', '--enable-unsafe-swiftshader', ...words],
      ],
      who,
      { DISPLAY, XDG_RUNTIME_DIR: who.home },
    );
    const ended = new Promise<number | null>((done) => child.on('exit', (code) => done(code)));
    let said = '';
    const address = await new Promise<string>((done, fail) => {
      child.stdout!.resume();
      child.stderr!.on('data', (d: Buffer) => {
        said += d.toString();
        const [, found] = /DevTools listening on (ws:\S+)/.exec(said) ?? [];
        if (found !== undefined) done(found);
      });
      child.on('exit', (code) => fail(new Error(`The studio ended with ${code}: ${said}`)));
    });
    const browser = await chromium.connectOverCDP(address);
    const [context] = browser.contexts();
    const page = context!.pages()[0] ?? (await context!.waitForEvent('page'));
    const studio = { process: child, browser, page, ended };
    open.push(studio);
    return studio;
  }

  /** What runs of people who have closed everything. */
  const left = (): readonly string[] =>
    [...processesOf(ONE), ...processesOf(TWO)].map((p) => p.words).filter((w) => !w.startsWith('Xvfb'));

  beforeAll(async () => {
    mkdirSync(files);
    const made = spawnSync(
      process.execPath,
      [join(ROOT, 'scripts', 'package', 'index.ts'), '--target', 'deb', '--fast', '--out', files],
      { encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(made.stderr);
    const above = dirname(ROOT) === '/' ? ROOT : dirname(ROOT);
    const own = await ownRoot(join(folder, 'root'), { hidden: [above], programs: ['/usr/bin/node'], files });
    if (own === undefined) throw new Error('No root of its own could be made');
    root = own;
    root.run(['dpkg', '--force-unsafe-io', '--install', `/given/${readdirSync(files)[0]!}`]);
    for (const p of [ONE, TWO])
      root.run(['useradd', '--create-home', '--uid', `${p.id}`, '--home-dir', p.home, p.name]);
    // Nobody can write to it any more, whoever they are; and it lies elsewhere, too.
    root.run(['mount', '--bind', '-o', 'ro', '/opt/covis', '/opt/covis']);
    root.run(['mkdir', '-p', '-m', '755', ELSEWHERE]);
    root.run(['mount', '--bind', '-o', 'ro', '/opt/covis', ELSEWHERE]);
    xvfb = root.start(['Xvfb', DISPLAY, '-screen', '0', '1440x900x24', '-nolisten', 'tcp', '-ac'], ONE);
  }, 600_000);
  afterAll(async () => {
    for (const s of open) {
      await s.browser.close().catch(() => undefined);
      s.process.kill();
    }
    xvfb?.kill();
    root?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is installed whole: program, menu, kind of file, licences, and a sandbox for every system', () => {
    expect(root.run(['dpkg', '--status', 'covis'])).toContain('Status: install ok installed');
    expect(root.run(['stat', '--format=%a %U', '/opt/covis/chrome-sandbox']).trim()).toBe('4755 root');
    for (const file of [
      '/usr/share/applications/covis.desktop',
      '/usr/share/icons/hicolor/256x256/apps/covis.png',
      '/usr/share/doc/covis/copyright',
      '/opt/covis/THIRD_PARTY_NOTICES.md',
      '/opt/covis/LICENSES.chromium.html',
      '/opt/covis/resources/app/licences/LGPL-3.0.txt',
    ])
      expect(Number(root.run(['stat', '--format=%s', file]))).toBeGreaterThan(100);
    // Nothing that an ordinary person could change, and no source that would have to be compiled.
    expect(root.run(['find', '/opt/covis', '-perm', '/022', '!', '-type', 'l'])).toBe('');
    expect(root.run(['find', '/opt/covis', '!', '-user', 'root'])).toBe('');
    expect(root.run(['find', '/opt/covis', '-name', '*.ts'])).toBe('');
    // Prebuilt binaries are for this platform alone.
    const others = root.run([
      'find',
      '/opt/covis',
      '-regex',
      '.*\\(darwin\\|win32\\|musl\\).*\\.\\(node\\|dll\\|dylib\\)',
    ]);
    expect(others).toBe('');
  });

  it('has the command line, without a display and without a Node of the system', () => {
    expect(() => root.run(['node', '--version'])).toThrow();
    const version = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
    expect(root.run(['covis', '--version'], ONE).trim()).toBe(version);
    const sample = '/opt/covis/resources/app/resources/sample';
    const library = `${TWO.home}/Bücher & Türme`;
    root.run([`${ELSEWHERE}/covis`, 'import', library, `${sample}/castle`, `${sample}/pagoda`], TWO);
    root.run(['covis', 'mine', library], TWO);
    const query = `${sample}/castle/images/castle_02.jpg`;
    const found = JSON.parse(root.run(['covis', 'search', library, '--query', query, '--json'], TWO)) as {
      photo: string;
    }[];
    expect(found[0]!.photo).toContain('castle_02.jpg');
    const doctor = JSON.parse(root.run(['covis', 'doctor', '--json'], ONE)) as {
      backends: { name: string; device: string | null }[];
      electron: { binary: boolean };
    };
    expect(doctor.backends.find((b) => b.name === 'onnxruntime cpu')?.device).not.toBeNull();
    expect(doctor.electron.binary).toBe(true);
  }, 120_000);

  it('hands a link to the studio that runs, which goes on answering', async () => {
    const studio = '/opt/covis/covis-studio';
    const sample = '/opt/covis/resources/app/resources/sample';
    for (const [name, scene] of [
      ['Erste', 'castle'],
      ['Zweite', 'pagoda'],
    ])
      // prettier-ignore
      root.run(['covis', 'import', `${ONE.home}/${name}`, `${sample}/${scene}`], ONE);
    const first = await openStudio(ONE, studio, '--disable-namespace-sandbox', `${ONE.home}/Erste`);
    const { page } = first;
    const hand = async (word: string): Promise<void> => {
      const second = root.start([studio, '--disable-namespace-sandbox', word], ONE, {
        DISPLAY,
        XDG_RUNTIME_DIR: ONE.home,
      });
      expect(await new Promise((done) => second.on('exit', done))).toBe(0);
      expect(await page.evaluate(() => 6 * 7)).toBe(42);
    };
    const shows = (library: string): Promise<void> =>
      page.locator('header .library', { hasText: library }).waitFor(LONG);
    await shows('Erste');
    // What a link may not open is said in the window; what was open here before is opened, as a path of a person's own is.
    await hand('covis://open?library=/home/nowhere');
    await page.getByText('A link asks for the library at /home/nowhere').first().waitFor(LONG);
    await hand('covis://open?library=relative');
    await page.getByText('A link names a library by its whole path').first().waitFor(LONG);
    await hand(`${ONE.home}/Zweite`);
    await shows('Zweite');
    await hand(`covis://open?library=${ONE.home}/Erste`);
    await shows('Erste');
    await page.locator('.card').first().waitFor(LONG);
    await first.page.evaluate(() => setTimeout(() => window.close(), 100));
    expect(await first.ended).toBe(0);
    await expect.poll(left, { timeout: 20_000 }).toEqual([]);
    // What follows is of a person who never opened anything.
    root.run(['rm', '-r', `${ONE.home}/.config/covis`, `${ONE.home}/Erste`, `${ONE.home}/Zweite`]);
  }, 240_000);

  it('two people use it at once, in a sandbox: sample, one epoch, a search; each has a profile of their own', async () => {
    // In the sandbox of systems that give ordinary people no namespaces.
    const first = await openStudio(ONE, '/opt/covis/covis-studio', '--disable-namespace-sandbox');
    const { page } = first;
    await page.getByRole('button', { name: 'Try the sample' }).click(LONG);
    await page.locator('.card').nth(15).waitFor(LONG);

    // Another person opens a library by its file, from a path with spaces, in a sandbox of namespaces.
    const file = `file://${encodeURI(TWO.home)}/B%C3%BCcher%20%26%20T%C3%BCrme/library.db`;
    const second = await openStudio(TWO, `${ELSEWHERE}/covis-studio`, file);
    await second.page.locator('header .library', { hasText: 'Bücher & Türme' }).waitFor(LONG);
    await second.page.locator('.card').nth(1).waitFor(LONG);

    for (const who of [ONE, TWO]) {
      const all = processesOf(who);
      expect(all.filter((p) => p.words.includes('no-sandbox'))).toEqual([]);
      const pages = all.filter((p) => p.words.includes('--type=renderer'));
      expect(pages.length).toBeGreaterThan(0);
      for (const p of pages) {
        expect(p.status).toMatch(/^Seccomp:\s+2$/m);
        expect(p.status).toMatch(/^NoNewPrivs:\s+1$/m);
        expect(readlinkSync(`/proc/${p.id}/ns/pid`)).not.toBe(readlinkSync('/proc/self/ns/pid'));
      }
    }

    await page.click('nav >> text=Train');
    await page.getByLabel('Epochs').fill('1');
    await page.getByLabel('Tuples of an epoch').fill('8');
    await page.getByLabel('Size').fill('160');
    await page.locator('[data-test=train-backend]').selectOption('cpu');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.locator('.table tbody tr').first().waitFor(LONG);
    await page.click('nav >> text=Search');
    await page.locator('.samples .sample').first().click(LONG);
    // Training describes photos only with a network that became better.
    const describePhotos = page.getByRole('button', { name: 'Extract descriptors' });
    const found = page.locator('.tile.positive').first();
    await describePhotos.or(found).first().waitFor(LONG);
    if (await describePhotos.isVisible()) await describePhotos.click();
    await found.waitFor(LONG);
    expect(await page.locator('[data-test=results] figcaption').first().innerText()).toMatch(/^1\s+1\.000/);

    for (const s of [first, second]) {
      await s.page.evaluate(() => setTimeout(() => window.close(), 100));
      expect(await s.ended).toBe(0);
    }
    await expect.poll(left, { timeout: 20_000 }).toEqual([]);
    const libraries = (who: Person): unknown =>
      (JSON.parse(root.run(['cat', `${who.home}/.config/covis/state.json`])) as { libraries: unknown }).libraries;
    expect(libraries(ONE)).toEqual([`${ONE.home}/.config/covis/sample/Sample`]);
    expect(libraries(TWO)).toEqual([`${TWO.home}/Bücher & Türme`]);
  }, 400_000);

  it('goes without a trace of itself, and leaves what people made', () => {
    root.run(['umount', '--lazy', ELSEWHERE, '/opt/covis']);
    root.run(['dpkg', '--force-unsafe-io', '--remove', 'covis']);
    expect(
      root.run(['find', '/opt', '/usr/bin', '/usr/share/applications', '/etc/apparmor.d', '-iname', '*covis*']),
    ).toBe('');
    root.run(['stat', `${TWO.home}/Bücher & Türme/library.db`]);
  }, 60_000);
};

describeWith(
  may ? ['xvfb', 'electron', 'dpkg'] : [],
  'the package for Debian',
  may
    ? body
    : () => {
        it.skip('needs to be root on a Linux that lets one mount', () => undefined);
      },
);
