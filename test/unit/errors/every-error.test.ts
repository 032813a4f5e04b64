import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { CovisError, type ErrorCode } from '../../../src/shared/errors.ts';
import { ROOT } from '../../support/programs.ts';

/** Not for people who gave a file: functions that pass a code or a hint on, and what no command can lead to. */
const PASSED_ON = [
  // The caller's code, which has something to do of its own.
  'engine/formats/mat4.ts',
  'engine/formats/pickle.ts',
  'engine/library/photo-files.ts',
  // Asked for by name only after it was looked for.
  'engine/formats/hdf5.ts',
  'engine/retrieval/journal.ts',
];

/** Errors that name a file and neither say what to do nor are of a kind for which that is said. */
function silent(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'CovisError') {
      const [code, , where] = node.arguments ?? [];
      if (where !== undefined && ts.isObjectLiteralExpression(where)) {
        const has = (name: string): boolean =>
          where.properties.some((p) => (p.name?.getText() ?? p.getText()).includes(name));
        const known = code !== undefined && ts.isStringLiteral(code) ? (code.text as ErrorCode) : undefined;
        const told =
          known === 'INTERNAL' || (known !== undefined && new CovisError(known, 'X', { file: 'f' }).hint !== undefined);
        if (has('file') && !has('hint') && !told)
          found.push(
            `${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${node.getText().slice(0, 120)}`,
          );
      }
    }
    ts.forEachChild(node, look);
  };
  look(source);
  return found;
}

it('every error that names a file says what to do', () => {
  const main = join(ROOT, 'src', 'main');
  const files = readdirSync(main, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith('.ts'))
    .map((e) => join(e.parentPath, e.name));
  expect(files.length).toBeGreaterThan(300);
  const errors = files
    .map((f) => ({ file: relative(main, f).replaceAll('\\', '/'), said: silent(f) }))
    .filter(({ said }) => said.length > 0);
  expect(errors.filter(({ file }) => !PASSED_ON.includes(file))).toEqual([]);
  // An exception that is none any more goes.
  expect(errors.map(({ file }) => file).sort()).toEqual(PASSED_ON.toSorted());
});
