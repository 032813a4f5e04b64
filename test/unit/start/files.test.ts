import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FILE_PURPOSES, type FilePurpose } from '../../../src/shared/facts/desktop.ts';
import { FILES_FOR } from '../../../src/main/engine/start/file-kinds.ts';
import { countBelow } from '../../../src/main/engine/start/folder-looks.ts';
import { Places } from '../../../src/main/engine/start/places.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const root = join(folder, 'root');
const put = (path: string, text = ''): void => writeFileSync(join(root, path), text);

beforeAll(() => {
  for (const path of ['trips/2019/rome', 'trips/2020', 'trips/.thumbnails', 'kept', 'empty'])
    mkdirSync(join(root, path), { recursive: true });
  mkdirSync(join(folder, 'secret'));
  writeFileSync(join(folder, 'secret', 'hidden.onnx'), 'x');
  for (const n of [1, 2, 3]) put(`trips/2019/rome/${n}.jpg`);
  put('trips/2020/a.jpg');
  put('trips/.thumbnails/a.jpg');
  put('kept/covis-backup.json', '{}');
  put('net.onnx', '12345');
  put('set.npy', '12');
  put('pairs.txt', 'a b');
  put('scene.nvm', 'NVM_V3');
  put('letter.doc', 'private');
  symlinkSync(join(folder, 'secret', 'hidden.onnx'), join(root, 'link.onnx'));
  symlinkSync(join(root, 'trips'), join(root, 'empty', 'loop'));
});

const named = async (purpose: FilePurpose): Promise<string[]> =>
  (await new Places([root]).list(undefined, '', FILES_FOR[purpose])).files.map((f) => f.name);

describe('files that pages may choose', () => {
  it('are those of the kinds that something is chosen for, by name and size', async () => {
    expect(await named('network')).toEqual(['net.onnx']);
    expect(await named('vectors')).toEqual(['set.npy']);
    expect(await named('names')).toEqual(['pairs.txt']);
    expect(await named('models')).toEqual(['pairs.txt', 'scene.nvm']);
    const { files } = await new Places([root]).list(undefined, '', FILES_FOR.network);
    expect(files[0]).toMatchObject({ kind: 'file', bytes: 5, photos: null });
  });

  it('are none where folders are chosen, and none of another name', async () => {
    expect((await new Places([root]).list(undefined)).files).toEqual([]);
    expect((await new Places([root]).list(undefined, 'scene', FILES_FOR.models)).files.map((f) => f.name)).toEqual([
      'scene.nvm',
    ]);
  });

  it('have ids that lead to them, until another thing lies there', async () => {
    const places = new Places([root]);
    const [file] = (await places.list(undefined, '', FILES_FOR.vectors)).files;
    expect(file!.id).toMatch(/^[0-9a-f]{32}$/);
    expect(places.pathOf(file!.id)).toBe(join(root, 'set.npy'));
    rmSync(join(root, 'set.npy'));
    symlinkSync(join(folder, 'secret', 'hidden.onnx'), join(root, 'set.npy'));
    expect(() => places.pathOf(file!.id)).toThrow(/replaced by a link/);
  });

  it('are known for every purpose that takes files', () => {
    expect(Object.keys(FILES_FOR).sort()).toEqual([...FILE_PURPOSES].sort());
  });
});

describe('what a folder looks like', () => {
  it('counts the photos in the folders below it; links and hidden folders are not followed', async () => {
    const { folders } = await new Places([root]).list(undefined);
    const of = (name: string) => folders.find((f) => f.name === name);
    expect(of('trips')).toMatchObject({ kind: 'folder', photos: 0, below: 4, more: false });
    expect(of('empty')?.below).toBeUndefined();
    expect(of('kept')).toMatchObject({ kind: 'backup', photos: null });
  });

  it('is said of the folder that is listed as of one in a list', async () => {
    const places = new Places([root]);
    const { folders } = await places.list(undefined);
    const trips = folders.find((f) => f.name === 'trips')!;
    expect((await places.list(trips.id)).here).toEqual(trips);
  });

  it('says nothing of what there was no time to count', async () => {
    expect(await countBelow(join(root, 'trips'), performance.now() - 1)).toBeUndefined();
    expect(await countBelow(join(root, 'trips'), Infinity)).toEqual({ below: 4, more: false });
  });

  it('is said of a file that a person chose, too', async () => {
    expect(await new Places([]).chosen(join(root, 'net.onnx'))).toMatchObject({ kind: 'file', bytes: 5 });
  });
});
