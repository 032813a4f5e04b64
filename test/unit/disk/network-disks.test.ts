import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mountKind, networkDisk, oneHost } from '../../../src/main/engine/library/host.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
afterEach(() => vi.unstubAllEnvs());

// As Linux writes it, proc(5).
const MOUNTS = `/dev/vda1 / ext4 rw,relatime 0 0
proc /proc proc rw,nosuid 0 0
server:/export /data nfs4 rw,vers=4.2 0 0
me@host:/photos /home/me/far\\040away fuse.sshfs rw,nosuid,user_id=1000 0 0
/dev/vdb1 /data/local ext4 rw 0 0
tmpfs /data/local tmpfs rw 0 0
`;

describe('the kind of a file system', () => {
  it.each([
    ['/home/me/x', 'ext4'],
    ['/data/library', 'nfs4'],
    ['/database', 'ext4'],
    ['/home/me/far away/library', 'fuse.sshfs'],
    ['/data/local', 'tmpfs'],
  ])('of %s is that of the last mount above it, %s', (path, kind) => {
    expect(mountKind(path, MOUNTS)).toBe(kind);
  });

  it('of a folder of this machine is no network disk', () => {
    expect(networkDisk(folder)).toBeUndefined();
  });
});

describe('a library on a network disk', () => {
  it('is open on one machine at a time, in as many programs of it as one likes', () => {
    vi.stubEnv('COVIS_NETWORK_DISK', '1');
    mkdirSync(at('one'));
    const first = oneHost(at('one'), 'alpha 1');
    const second = oneHost(at('one'), 'alpha 1');
    expect(() => oneHost(at('one'), 'beta 2')).toThrow(
      expect.objectContaining({
        code: 'STATE_CONFLICT',
        message: 'This library is open on another machine, alpha, and lies on a network disk',
        file: at('one'),
      }),
    );
    first();
    second();
    const other = oneHost(at('one'), 'beta 2');
    expect(() => oneHost(at('one'), 'alpha 1')).toThrow(/another machine, beta/);
    other();
    expect(readdirSync(at('one', 'hosts'))).toEqual([]);
  });

  it('is free again where a program was killed, after a while', () => {
    vi.stubEnv('COVIS_NETWORK_DISK', '1');
    mkdirSync(at('dead'));
    oneHost(at('dead'), 'alpha 1');
    const [file] = readdirSync(at('dead', 'hosts'));
    const before = new Date(Date.now() - 100_000);
    utimesSync(at('dead', 'hosts', file!), before, before);
    oneHost(at('dead'), 'beta 2')();
  });

  it('is refused as it is opened, and taken back as it is closed', () => {
    Library.create(at('L')).close();
    vi.stubEnv('COVIS_NETWORK_DISK', '1');
    const away = oneHost(at('L'), 'another 9');
    expect(() => Library.open(at('L'))).toThrow(/open on another machine, another/);
    away();
    const library = Library.open(at('L'));
    expect(() => oneHost(at('L'), 'another 9')).toThrow(/open on another machine/);
    library.close();
    oneHost(at('L'), 'another 9')();
  });

  it('on a disk of this machine has no such file', () => {
    const library = Library.create(at('here'));
    expect(readdirSync(at('here'))).not.toContain('hosts');
    library.close();
  });
});
