import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { BUILDER, builderConfig } from '../../../scripts/package/builder.ts';

/** Where electron-builder's own package `app-builder-lib` is unpacked: it is not installed with Covis. */
const UNPACKED = process.env['COVIS_BUILDER'] ?? '';
const there = existsSync(join(UNPACKED, 'scheme.json'));
const version = BUILDER.split('@')[1]!;
const name = `what electron-builder is told${there ? '' : ` [needs COVIS_BUILDER: app-builder-lib@${version}, unpacked]`}`;

describe.skipIf(!there)(name, () => {
  const read = (file: string): object => JSON.parse(readFileSync(join(UNPACKED, file), 'utf8')) as object;
  const valid = (config: object): readonly string[] => {
    const check = new Ajv({ allErrors: true, unknownFormats: 'ignore' }).compile(read('scheme.json'));
    return check(config) === true
      ? []
      : check.errors!.map((e) => `${e.dataPath} ${e.message} ${JSON.stringify(e.params)}`);
  };
  const config = builderConfig('45.4.1', '/app', '/icons', '/out');

  it('is what the schema of its own version takes', () => {
    expect(read('package.json')).toMatchObject({ version });
    expect(valid(config)).toEqual([]);
  });

  it('is refused with a word that it does not know, or a value of another kind', () => {
    expect(valid({ ...config, asaar: false }).join()).toContain('asaar');
    expect(valid({ ...config, linux: { executbleName: 'covis-studio' } }).join()).toContain('executbleName');
    expect(valid({ ...config, npmRebuild: 'no' }).join()).toContain('.npmRebuild should be boolean');
  });
});
