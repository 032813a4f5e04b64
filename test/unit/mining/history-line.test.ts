import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { decide, undo } from '../../../src/main/engine/mining/decisions.ts';
import { historyLine, turnTo } from '../../../src/main/engine/mining/history-line.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
const small = (name: string): Library =>
  syntheticLibrary(join(folder, name), { photos: 12, clusters: 2, dim: 4, pairsPerPhoto: 2, distractors: 0, seed: 1 })
    .library;
const inForce = (library: Library): unknown =>
  library.db.prepare('SELECT a, b, verdict FROM verdict ORDER BY a, b').raw().all();
const accept = (library: Library, other: number): number =>
  decide(library, `Accept ${other}`, [{ query: 1, other, aspect: 'positive', verdict: 'accept' }]);
const shown = (library: Library): string[] =>
  historyLine(library).actions.map((a) => `${a.label}${a.undone ? ' undone' : ''}`);

describe('the history as a list', () => {
  it('has what is in force and what was undone, newest first, and goes to any of it', () => {
    const library = small('line');
    expect(historyLine(library)).toEqual({ head: null, actions: [], more: false });
    const [first] = [2, 3, 4].map((other) => accept(library, other));
    const all = inForce(library);
    expect(turnTo(library, first!)).toBe(2);
    expect(inForce(library)).toEqual([[1, 2, 'accept']]);
    expect(shown(library)).toEqual(['Accept 4 undone', 'Accept 3 undone', 'Accept 2']);
    expect(turnTo(library, historyLine(library).actions[0]!.id)).toBe(2);
    expect(inForce(library)).toEqual(all);
    expect(turnTo(library, null)).toBe(3);
    expect(inForce(library)).toEqual([]);
    expect(historyLine(library).head).toBeNull();
    expect(turnTo(library, null)).toBe(0);
  });

  it('leaves out what was overtaken, and refuses to go there without turning anything', () => {
    const library = small('overtaken');
    accept(library, 2);
    const gone = accept(library, 3);
    undo(library);
    accept(library, 4);
    expect(shown(library)).toEqual(['Accept 4', 'Accept 2']);
    const before = inForce(library);
    expect(() => turnTo(library, gone)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT' }));
    expect(inForce(library)).toEqual(before);
  });
});
