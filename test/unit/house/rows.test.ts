import { Linter } from 'eslint';
import { describe, expect, it } from 'vitest';
import { checkedRows } from '../../../scripts/lint/checked-rows.mjs';

/** How many reads of unchecked rows the lint rule finds. */
function found(code: string): number {
  return new Linter().verify(code, [
    {
      files: ['**'],
      plugins: { covis: { rules: { 'checked-rows': checkedRows } } },
      rules: { 'covis/checked-rows': 'error' },
    },
  ]).length;
}

describe('rows that are read without being looked at', () => {
  it.each([
    "db.prepare('SELECT 1').all();",
    "library.db.prepare('SELECT 1').get(3);",
    "for (const r of db.prepare('SELECT 1').iterate()) use(r);",
    "const s = db.prepare('SELECT 1'); function f() { return s.get(1); }",
    "class A { constructor(db) { this.s = db.prepare('SELECT 1'); } f() { return this.s.all(); } }",
  ])('are found: %s', (code) => {
    expect(found(code)).toBe(1);
  });

  it.each([
    "db.prepare('DELETE FROM x').run(1);",
    "const s = select(db, 'SELECT 1', integer); s.all(); s.get(1);",
    'const m = new Map(); m.get(1); sharp(file).raw();',
    "const s = db.prepare('DELETE FROM x'); s.run(2);",
  ])('are not seen where there are none: %s', (code) => {
    expect(found(code)).toBe(0);
  });
});
