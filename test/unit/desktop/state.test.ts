import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onDamage, type Damage } from '../../../src/main/engine/environment/kept-file.ts';
import { DesktopState, visible, type Bounds } from '../../../src/main/desktop/state.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let made = 0;
function fresh(): string {
  return join(folder, `user-${(made += 1)}`, 'state.json');
}
function library(name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'library.db'), '');
  return path;
}

describe('what the desktop remembers', () => {
  it('is libraries, the last one first, each once, ten at most, and only those that are there', () => {
    const file = fresh();
    const state = new DesktopState(file);
    expect(state.libraries).toEqual([]);
    expect(existsSync(file)).toBe(false);
    const paths = Array.from({ length: 12 }, (_, i) => library(`l${i}`));
    for (const path of paths) state.opened(path);
    state.opened(paths[5]!);
    const expected = [5, 11, 10, 9, 8, 7, 6, 4, 3, 2].map((i) => paths[i]!);
    expect(state.libraries).toEqual(expected);
    expect(new DesktopState(file).libraries).toEqual(expected);
    const gone = join(folder, 'gone');
    state.opened(gone);
    expect(state.libraries).not.toContain(gone);
    // It comes back with its disk.
    library('gone');
    expect(state.libraries[0]).toBe(gone);
    state.forgetLibraries();
    expect(new DesktopState(file).libraries).toEqual([]);
    expect(readdirSync(join(file, '..'))).toEqual(['state.json']);
  });

  it('is where the window was; what one part lacks costs the other nothing', () => {
    const file = fresh();
    const bounds: Bounds = { x: -10, y: 5, width: 800, height: 600, maximized: true };
    new DesktopState(file).moved(bounds);
    expect(new DesktopState(file).bounds).toEqual(bounds);
    const path = library('kept');
    for (const wrong of ['x', { x: 1 }, { ...bounds, width: 0 }, { ...bounds, x: 0.5 }]) {
      writeFileSync(file, JSON.stringify({ libraries: [path], bounds: wrong }));
      const state = new DesktopState(file);
      expect([state.bounds, state.libraries]).toEqual([undefined, [path]]);
    }
    writeFileSync(file, JSON.stringify({ libraries: 3, bounds }));
    expect(new DesktopState(file)).toMatchObject({ libraries: [], bounds });
  });

  it('takes over what it kept before it knew of several', () => {
    const file = fresh();
    mkdirSync(join(file, '..'));
    const path = library('only');
    writeFileSync(file, JSON.stringify({ library: path }));
    expect(new DesktopState(file).libraries).toEqual([path]);
  });

  it('is what can be read of a damaged file, which is told, and kept when it is written anew', () => {
    const told: Damage[] = [];
    onDamage((d) => told.push(d));
    const first = library('first');
    for (const [text, read] of [
      ['{"libraries": [', []],
      [JSON.stringify({ libraries: [7, first], bounds: 3 }), [first]],
    ] as const) {
      const file = fresh();
      mkdirSync(join(file, '..'));
      writeFileSync(file, text);
      const state = new DesktopState(file);
      expect(told.at(-1)).toMatchObject({ file, keptAs: null });
      expect(state.libraries).toEqual(read);
      state.opened(library('after'));
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ libraries: [join(folder, 'after'), ...read] });
      expect(readFileSync(told.at(-1)!.keptAs!, 'utf8')).toBe(text);
    }
  });
});

describe('a window', () => {
  const left = { x: 0, y: 0, width: 1920, height: 1080 };
  const right = { x: 1920, y: 200, width: 1280, height: 720 };
  const at = (x: number, y: number, width = 1000): Bounds => ({ x, y, width, height: 700, maximized: false });

  it('comes back where its upper edge can be taken hold of', () => {
    expect(visible(undefined, [left])).toBeUndefined();
    for (const b of [at(0, 0), at(-920, 0), at(1840, 1040), at(100, 1000, 50)]) expect(visible(b, [left])).toBe(b);
    for (const b of [at(-921, 0), at(1841, 0), at(0, -1), at(0, 1041), at(4000, 0)])
      expect(visible(b, [left])).toBeUndefined();
  });

  it('may be on any screen that is there now', () => {
    expect(visible(at(2000, 300), [left])).toBeUndefined();
    expect(visible(at(2000, 300), [left, right])).toEqual(at(2000, 300));
    expect(visible(at(2000, 100), [left, right])).toBeUndefined();
    expect(visible(at(0, 0), [])).toBeUndefined();
  });
});
