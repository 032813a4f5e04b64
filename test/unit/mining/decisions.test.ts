import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import {
  decide,
  decisionLog,
  judgements,
  redo,
  undo,
  undoState,
  type Judgement,
} from '../../../src/main/engine/mining/decisions.ts';
import { separation } from '../../../src/main/engine/mining/separation.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
const small = (name: string): Library =>
  syntheticLibrary(join(folder, name), { photos: 30, clusters: 3, dim: 4, pairsPerPhoto: 4, distractors: 6, seed: 1 })
    .library;

const verdicts = (library: Library): unknown[] =>
  library.db
    .prepare(
      'SELECT v.a, v.b, v.aspect, v.verdict, d.note FROM verdict v JOIN decision d ON d.id = v.decision_id ORDER BY v.a, v.b, v.aspect',
    )
    .raw()
    .all();

describe('the log of decisions', () => {
  it('undoes and redoes without limit, also after a restart, as a plain list of states does', () => {
    let library = small('log');
    const r = random(4);
    /** Every state there was, and which of them holds. */
    let states = [verdicts(library)];
    let at = 0;
    for (let i = 0; i < 600; i += 1) {
      const what = r.below(10);
      if (what < 5) {
        const judged = Array.from({ length: 1 + r.below(3) }, (): Judgement => {
          const query = 1 + r.below(8);
          const other = 9 + r.below(8);
          const kind = r.below(6);
          if (kind === 0)
            return { query, other, aspect: 'note', verdict: 'note', note: r.below(2) === 0 ? '' : `n${i}` };
          if (kind === 1) return { query, other, aspect: 'negative', verdict: 'same-object' };
          if (kind === 2) return { query, other, aspect: 'positive', verdict: 'none' };
          if (kind === 3) return { query, other, aspect: 'positive', verdict: 'swap', replacement: 20 };
          return { query, other, aspect: 'positive', verdict: kind === 4 ? 'accept' : 'reject' };
        });
        decide(library, `action ${i}`, judged);
        states = [...states.slice(0, at + 1), verdicts(library)];
        at += 1;
      } else if (what < 8) {
        const turned = undo(library);
        expect(turned === null).toBe(at === 0);
        if (turned !== null) at -= 1;
      } else {
        const turned = redo(library);
        expect(turned === null).toBe(at === states.length - 1);
        if (turned !== null) at += 1;
      }
      expect(verdicts(library)).toEqual(states[at]);
      const { undo: back, redo: forth } = undoState(library);
      expect(back === null).toBe(at === 0);
      expect(forth === null).toBe(at === states.length - 1);
      if (i % 97 === 0) {
        library.close();
        library = Library.open(join(folder, 'log'));
      }
    }
    while (undo(library) !== null);
    expect(verdicts(library)).toEqual([]);
    library.close();
  });

  it('is only ever added to', () => {
    const library = small('append');
    const one = decide(library, 'one', [{ query: 1, other: 2, aspect: 'positive', verdict: 'reject' }]);
    undo(library);
    const two = decide(library, 'two', [{ query: 1, other: 3, aspect: 'positive', verdict: 'accept' }]);
    // An action is told by its number in the log.
    const log = library.db.prepare("SELECT id FROM action WHERE kind = 'do' ORDER BY id").pluck().all();
    expect([one, two]).toEqual(log);
    expect(decisionLog(library, 0, 10).map((a) => `${a.kind} ${a.label}`)).toEqual(['do one', 'undo one', 'do two']);
    for (const sql of [
      "UPDATE decision SET verdict = 'accept'",
      'DELETE FROM decision',
      'DELETE FROM action',
      "UPDATE action SET label = ''",
    ])
      expect(() => library.db.exec(sql)).toThrow(/only ever added/);
    library.close();
  });

  it('refuses what makes no sense', () => {
    const library = small('wrong');
    const wrong =
      (j: Partial<Judgement>): (() => unknown) =>
      () =>
        decide(library, 'x', [{ query: 1, other: 2, aspect: 'positive', verdict: 'reject', ...j }]);
    expect(wrong({ other: 1 })).toThrow(/against itself/);
    expect(wrong({ verdict: 'swap' })).toThrow(/needs the photo/);
    expect(wrong({ verdict: 'swap', replacement: 2 })).toThrow(/another photo/);
    expect(wrong({ verdict: 'same-object' })).toThrow(/said of a negative/);
    expect(wrong({ verdict: 'note' })).toThrow(/note/);
    expect(() => decide(library, 'x', [{ query: 1, other: 9999, aspect: 'positive', verdict: 'accept' }])).toThrow();
    expect(decisionLog(library, 0, 10)).toEqual([]);
    library.close();
  });

  it('loses nothing when the process is killed in the middle of a review', async () => {
    const library = small('killed');
    library.close();
    const script = `
      import { Library } from '${join(ROOT, 'src/main/engine/library/library.ts')}';
      import { decide } from '${join(ROOT, 'src/main/engine/mining/decisions.ts')}';
      const library = Library.open(${JSON.stringify(join(folder, 'killed'))});
      for (let i = 0; ; i += 1) {
        decide(library, String(i), [{ query: 1 + (i % 7), other: 8 + (i % 9), aspect: 'positive', verdict: i % 2 ? 'accept' : 'reject' }]);
        process.stdout.write(i + '\\n');
      }`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    child.stdout.on('data', (d: Buffer) => {
      told += d.toString();
      if (told.split('\n').length > 40) child.kill('SIGKILL');
    });
    await once(child, 'exit');
    const last = Number(told.trimEnd().split('\n').at(-1));
    const again = Library.open(join(folder, 'killed'));
    const labels = decisionLog(again, 0, 100_000).map((a) => Number(a.label));
    expect(labels.length).toBeGreaterThanOrEqual(last + 1);
    expect(labels).toEqual(labels.map((_, i) => i));
    expect(again.db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(undo(again)!.label).toBe(String(labels.length - 1));
    again.close();
  }, 30_000);
});

describe('what may be a negative', () => {
  it('joins places of one object, transitively, and photos without a model one by one', () => {
    const library = small('places');
    const of = (photo: number): number =>
      library.db.prepare('SELECT place FROM photo WHERE id = ?').pluck().get(photo) as number;
    const [a, b, c] = [1, 12, 25];
    const [loose, looseToo] = [31, 32];
    expect(new Set([a, b, c, loose].map(of)).size).toBe(4);
    expect(of(loose)).toBe(of(looseToo));
    decide(library, 'x', [
      { query: a, other: b, aspect: 'negative', verdict: 'same-object' },
      { query: c, other: loose, aspect: 'negative', verdict: 'same-object' },
    ]);
    const s = separation(library, judgements(library));
    expect(s.foreign(a, b)).toBe(false);
    expect(s.foreign(2, 13)).toBe(false);
    expect(s.foreign(a, c)).toBe(true);
    expect(s.foreign(c, loose)).toBe(false);
    expect(s.foreign(26, loose)).toBe(false);
    expect(s.foreign(loose, 26)).toBe(false);
    expect([s.joined(2, 13), s.joined(26, loose), s.joined(a, c), s.joined(a, 2)]).toEqual([true, true, false, false]);
    // The rest of its folder stays apart.
    expect(s.foreign(c, looseToo)).toBe(true);
    expect(s.foreign(a, loose)).toBe(true);
    undo(library);
    expect(separation(library, judgements(library)).foreign(a, b)).toBe(true);
    decide(library, 'y', [{ query: a, other: c, aspect: 'negative', verdict: 'reject' }]);
    const t = separation(library, judgements(library));
    expect(t.foreign(c, a)).toBe(false);
    expect(t.foreign(a, 26)).toBe(true);
    library.close();
  });
});
