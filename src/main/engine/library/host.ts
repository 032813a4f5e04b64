/**
 * Libraries on network disks: SQLite's locks and shared memory hold among the programs of one machine, so that one machine at a time
 * may have such a library open. Each of its programs keeps a file in `hosts/` that it touches.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { threadId } from 'node:worker_threads';
import { CovisError } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { diskError } from '../formats/disk.ts';
import { thisOwner } from './lease.ts';

const FOLDER = 'hosts';
const BEAT_MS = 15_000;
/** A program that has not touched its file for so long is dead, or has lost the disk. */
const DEAD_MS = 90_000;

/** File systems of Linux that come over a network, by their number (statfs(2)). */
const NUMBERS: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xfe534d42: 'SMB',
  0xff534d42: 'CIFS',
  0x5346414f: 'AFS',
  0x73757245: 'Coda',
  0x01021997: '9P',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
  0x19830326: 'BeeGFS',
  0x47504653: 'GPFS',
};
const FUSE = 0x65735546;
/** Of FUSE, which is of many kinds, by the name in /proc/mounts; what is not here is of this machine. */
const NETWORK_FUSE =
  /^fuse\.(sshfs|rclone|s3fs|gcsfuse|goofys|glusterfs|ceph|ceph-fuse|davfs|curlftpfs|smbnetfs|juicefs|mfs|beegfs\w*)$/;

/** The kind of file system that a path is on, from the text of /proc/mounts. */
export function mountKind(path: string, mounts: string): string | undefined {
  let longest = '';
  let kind: string | undefined;
  for (const line of mounts.split('\n')) {
    const [, at, type] = line.split(' ');
    if (at === undefined || type === undefined) continue;
    const place = at.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const inside = path === place || path.startsWith(place.endsWith('/') ? place : `${place}/`);
    // What was mounted later at the same place is what one sees.
    if (!inside || place.length < longest.length) continue;
    longest = place;
    kind = type;
  }
  return kind;
}

/** What a network disk is called; undefined for a disk of this machine. `COVIS_NETWORK_DISK=1` makes one of what is not recognised. */
export function networkDisk(path: string): string | undefined {
  if (process.env['COVIS_NETWORK_DISK'] === '1') return 'a network disk';
  if (process.platform === 'win32') return /^[\\/]{2}[^.?\\/]/.test(resolve(path)) ? 'SMB' : undefined;
  if (process.platform !== 'linux') return undefined;
  try {
    const type = statfsSync(path).type >>> 0;
    const known = NUMBERS[type];
    if (known !== undefined || type !== FUSE) return known;
    return NETWORK_FUSE.exec(mountKind(resolve(path), readFileSync('/proc/mounts', 'utf8')) ?? '')?.[1];
  } catch (error) {
    logFailure(logger('library'), 'The kind of disk cannot be told', error);
    return undefined;
  }
}

/** This machine since it was started. */
function here(): string {
  const { host, boot } = thisOwner();
  return `${host} ${boot.slice(0, 8)}`.trim();
}

let opened = 0;

/** A program's file: the name says the machine, so that nothing has to be read. */
function fileName(host: string): string {
  return `${encodeURIComponent(host)}.${process.pid}-${threadId}-${(opened += 1)}`;
}

/**
 * Notes that this machine has a library open, where it is on a network disk.
 * @param host another name, for tests. @returns what takes the note back.
 * @throws CovisError `STATE_CONFLICT` while another machine has it open.
 */
export function oneHost(root: string, host = here()): () => void {
  const disk = networkDisk(root);
  if (disk === undefined) return () => undefined;
  const folder = join(root, FOLDER);
  const own = join(folder, fileName(host));
  const note = (): void => {
    mkdirSync(folder, { recursive: true });
    // Written, so that its time is of the disk's clock.
    writeFileSync(own, '\n');
  };
  try {
    note();
  } catch (cause) {
    throw diskError(cause, own);
  }
  // Noted first and looked at then: of two machines that come at once, neither can miss the other.
  const other = otherHost(folder, own, host);
  if (other !== undefined) {
    rmSync(own, { force: true });
    throw new CovisError('STATE_CONFLICT', `This library is open on another machine, ${other}, and lies on ${disk}`, {
      file: root,
      hint: 'Close it there first. A program that was killed there is forgotten after 90 seconds.',
    });
  }
  const beat = setInterval(() => {
    try {
      note();
    } catch (error) {
      logFailure(logger('library'), 'It cannot be noted that this machine has the library open', error);
    }
  }, BEAT_MS);
  beat.unref();
  return () => {
    clearInterval(beat);
    rmSync(own, { force: true });
  };
}

/** Another machine that touched its file of late, by the clock that the disk's own times are of. */
function otherHost(folder: string, own: string, host: string): string | undefined {
  const now = statSync(own).mtimeMs;
  for (const name of readdirSync(folder)) {
    const at = name.lastIndexOf('.');
    const whose = decodeURIComponent(name.slice(0, at));
    if (at < 0 || whose === host) continue;
    const file = join(folder, name);
    const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (touched === undefined) continue;
    if (now - touched < DEAD_MS) return whose.split(' ')[0];
    rmSync(file, { force: true });
  }
  return undefined;
}
