/** Back ends are added by one process at a time, with a word for what npm met. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addedFolder, addedPlace } from '../../../src/main/engine/environment/added.ts';
import { reasonIn, runNpm } from '../../../src/main/engine/environment/npm.ts';
import { ownFile } from '../../../src/main/engine/library/file-owner.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { addBackEnd, removeBackEnd } from '../../../src/main/engine/training/machine/add.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const before = process.env['COVIS_SETTINGS'];
beforeAll(() => (process.env['COVIS_SETTINGS'] = join(folder, 'settings.json')));
afterAll(() => {
  if (before === undefined) delete process.env['COVIS_SETTINGS'];
  else process.env['COVIS_SETTINGS'] = before;
});
const saying = { taken: 'taken', hint: 'wait', refused: 'refused' };

describe('adding a back end', () => {
  it('is refused while another process does it, as is removing', async () => {
    mkdirSync(addedPlace('tensorflow'), { recursive: true });
    const release = ownFile(addedPlace('tensorflow'), saying);
    const refused = { code: 'STATE_CONFLICT', message: 'tensorflow is being added or removed already' };
    await expect(addBackEnd({ what: 'tensorflow' }, silentContext(), () => undefined)).rejects.toMatchObject(refused);
    expect(() => removeBackEnd('tensorflow')).toThrow(refused.message);
    release();
    expect(removeBackEnd('tensorflow')).toBe('tensorflow');
  });

  it('takes away what an installation left that was ended in its midst', async () => {
    mkdirSync(join(addedFolder(), '.tensorflow-left', 'node_modules'), { recursive: true });
    const stop = (): never => {
      throw cancelled();
    };
    const stopped = addBackEnd({ what: 'tensorflow' }, { ...silentContext(), check: stop }, () => undefined);
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(addedFolder())).toEqual([]);
  });
});

describe('what npm met', () => {
  const met = async (code: string): Promise<Awaited<ReturnType<typeof runNpm>>> => {
    const place = join(folder, 'package');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'fails.cjs'), code);
    const scripts = { install: 'node fails.cjs' };
    writeFileSync(join(place, 'package.json'), JSON.stringify({ name: 'p', version: '1.0.0', private: true, scripts }));
    return runNpm(['install', '--offline', '--no-audit', '--no-fund', '--foreground-scripts'], {
      cwd: place,
      check: () => undefined,
    });
  };

  it('is the error that a script threw, not what follows it', async () => {
    const run = await met("throw new TypeError('the archive is odd');");
    expect(run).toMatchObject({ end: 'failed', full: false });
    expect(reasonIn(run.lines, 4)).toMatch(/^TypeError: the archive is odd \|/);
  });

  it.runIf(process.platform === 'linux')('is a disk that is full', async () => {
    expect((await met("require('fs').writeFileSync('/dev/full', 'x');")).full).toBe(true);
  });
});
