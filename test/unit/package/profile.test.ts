import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { profileParser } from '../../support/apparmor.ts';
import { ROOT } from '../../support/programs.ts';

const PROFILE = join(ROOT, 'scripts', 'package', 'linux', 'covis.apparmor');

const parser = profileParser();
const name =
  parser === undefined
    ? 'the AppArmor profile [needs an apparmor from version 4 on: Ubuntu 24.04, Debian 13, or COVIS_APPARMOR]'
    : `the AppArmor profile, by AppArmor ${parser.version}`;

describe.skipIf(parser === undefined)(name, () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-profile-'));
  const text = readFileSync(PROFILE, 'utf8');
  /** The profile with something of it changed. */
  function changed(from: string, to: string): string {
    expect(text).toContain(from);
    const file = join(folder, 'changed.apparmor');
    writeFileSync(file, text.replace(from, to));
    return file;
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is read whole', () => {
    const { binary, said } = parser!.compile(PROFILE);
    expect(said).not.toMatch(/parser error/i);
    expect(binary.length).toBeGreaterThan(0);
  });

  it.each([
    ['the program that is installed', '/opt/covis/covis-studio', '/opt/covis/covis'],
    ['user namespaces', '  userns,\n', ''],
    ['profiles that confine nothing else', ' flags=(unconfined)', ''],
  ])('says something of %s', (_what, from, to) => {
    const other = parser!.compile(changed(from, to)).binary;
    expect(other.length).toBeGreaterThan(0);
    expect(parser!.compile(PROFILE).binary.equals(other)).toBe(false);
  });

  it('what AppArmor does not know is refused', () => {
    const { binary, said } = parser!.compile(changed('userns,', 'user-namespaces,'));
    expect(binary.length).toBe(0);
    expect(said).toContain('at line 7');
  });
});
