/** Every method against a plain and slow statement of what it is, and what methods refuse. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { optionsOf } from '../../../src/main/cli/program/flags.ts';
import { rankingOf, rankingOptions } from '../../../src/main/cli/program/ranking.ts';
import { PREPARE } from '../../../src/main/engine/retrieval/methods/index.ts';
import { rankingParameters } from '../../../src/main/engine/retrieval/methods/parameters.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { ROUTES } from '../../../src/shared/routes/index.ts';
import { JOBS } from '../../../src/shared/jobs/index.ts';
import {
  DEFINITIONS,
  METHODS,
  SEARCH_METHODS,
  type Method,
  type SearchMethod,
} from '../../../src/shared/methods/index.ts';
import { parametersOf, reportedParameters } from '../../../src/shared/methods/parameters.ts';
import { check } from '../../../src/shared/schema.ts';
import { clustered } from '../../support/clustered-vectors.ts';

const N = 60;
const DIM = 6;

const x = clustered(N, DIM, 1);

describe('definitions', () => {
  it('are in the order that lists have always had, the teacher last', () => {
    expect(METHODS).toEqual([
      ...['cosine', 'ann', 'aqe', 'alpha-qe', 'dba', 'alpha-dba', 'superglobal'],
      ...['cg', 'iterative', 'jacobi', 'truncated', 'fsr', 'hybrid', 'offline'],
    ]);
    expect(SEARCH_METHODS).toEqual([...METHODS, 'bow']);
    expect(Object.keys(PREPARE)).toEqual(METHODS);
    for (const m of SEARCH_METHODS) expect(DEFINITIONS[m].name).toBe(m);
  });

  it('have the defaults of methods.md 1.9 and 4', () => {
    const graph = { k: 50, kq: 10, gamma: 3, alpha: 0.99 };
    const cg = { iterations: 20, tolerance: 1e-6 };
    const defaults: Record<SearchMethod, object> = {
      cosine: {},
      ann: {},
      aqe: { expansion: 10 },
      'alpha-qe': { expansion: 10, exponent: 3 },
      dba: { expansion: 10 },
      'alpha-dba': { expansion: 10, exponent: 3 },
      superglobal: { shortlist: 400 },
      cg: { ...graph, ...cg },
      iterative: { ...graph, ...cg, iterations: 1000 },
      jacobi: { ...graph, ...cg, iterations: 1000 },
      truncated: { ...graph, ...cg, shortlist: 10_000 },
      fsr: { ...graph, rank: 500 },
      hybrid: { ...graph, ...cg, rank: 40 },
      offline: { ...graph, ...cg, truncation: 1000 },
      bow: {},
    };
    for (const m of SEARCH_METHODS) {
      expect(rankingParameters(m)).toEqual({ method: m, ...defaults[m] });
      const regions = DEFINITIONS[m].takes === 'both' && m !== 'cosine' ? { k: 200, kq: 200 } : {};
      expect(rankingParameters(m, {}, { regional: true })).toEqual({ method: m, ...defaults[m], ...regions });
    }
  });

  it('take fewer neighbours of a small database, and kq never above k', () => {
    const at = (rows: number, regional = false): unknown => {
      const { k, kq } = rankingParameters('cg', {}, { rows, regional });
      return [k, kq];
    };
    // 3 % of the rows, at least five and at most the default.
    expect(at(100)).toEqual([5, 5]);
    expect(at(1000)).toEqual([30, 10]);
    expect(at(100_000)).toEqual([50, 10]);
    expect(at(1000, true)).toEqual([30, 30]);
    expect(at(100_000, true)).toEqual([200, 200]);
    expect(rankingParameters('cg', { k: 40 }, { rows: 100 })).toMatchObject({ k: 40, kq: 5 });
    expect(rankingParameters('aqe', {}, { rows: 100 })).toEqual({ method: 'aqe', expansion: 10 });
  });

  it('report parameters as measurements have stored them', () => {
    expect(reportedParameters(rankingParameters('alpha-dba'))).toEqual({ neighbours: 10, alpha: 3 });
    expect(reportedParameters(rankingParameters('superglobal'))).toEqual({ shortlist: 400, neighbours: 9, beta: 0.15 });
    expect(Object.keys(reportedParameters(rankingParameters('offline')))).toEqual([
      ...['k', 'kq', 'gamma', 'alpha', 'iterations', 'tolerance', 'truncation'],
    ]);
    expect(reportedParameters(rankingParameters('cosine'))).toEqual({});
  });

  it('say what every parameter is', () => {
    for (const m of SEARCH_METHODS) {
      expect(DEFINITIONS[m].title).not.toBe('');
      expect(DEFINITIONS[m].summary).toMatch(/\.$/);
      for (const p of parametersOf(m)) {
        expect(p.leaf.meta.label, `${m} ${p.name}`).toBeTruthy();
        expect(p.leaf.meta.help, `${m} ${p.name}`).toBeTruthy();
        expect(typeof p.initial, `${m} ${p.name}`).toBe('number');
      }
    }
  });
});

/** Least and most of every parameter; `above` and `below` are not reached themselves. */
const BOUNDS: Readonly<Record<string, { min?: number; above?: number; max?: number; below?: number; whole?: true }>> = {
  k: { min: 1, max: 10_000, whole: true },
  kq: { min: 1, max: 10_000, whole: true },
  gamma: { above: 0, max: 20 },
  alpha: { above: 0, below: 1 },
  iterations: { min: 0, max: 10_000, whole: true },
  tolerance: { min: 0, max: 1 },
  rank: { min: 0, max: 5000, whole: true },
  'fsr rank': { min: 1, max: 5000, whole: true },
  expansion: { min: 1, max: 1000, whole: true },
  exponent: { min: 0, max: 20 },
  truncation: { min: 1, max: 100_000, whole: true },
  shortlist: { min: 1, max: 100_000, whole: true },
};

/** What a call says when it refuses, as text. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ code: 'INPUT_INVALID' });
    return (error as Error).message;
  }
  return 'accepted';
}

describe('bounds', () => {
  const every = METHODS.flatMap((m) => parametersOf(m).map((p) => [m, p.name, p.flag] as const));

  it.each(every)('%s: %s is accepted just inside and refused just outside', (method, name, flag) => {
    const b = BOUNDS[`${method} ${name}`] ?? BOUNDS[name]!;
    const step = b.whole === true ? 1 : 1e-9;
    const inside = [b.min ?? b.above! + step, b.max ?? b.below! - step];
    const outside = [
      b.min === undefined ? b.above! : b.min - step,
      b.max === undefined ? b.below! : b.max + (b.whole === true ? 1 : 1e-6),
      ...(b.whole === true ? [b.min! + 0.5] : []),
      Number.NaN,
      Infinity,
    ];
    for (const v of inside) {
      expect(rankingParameters(method, { [name]: v })).toMatchObject({ [name]: v });
      expect(rankingOf({ [flag]: v }, method)).toEqual({ [name]: v });
    }
    const kind = b.whole === true ? 'a whole number' : 'a number';
    const low = b.min === undefined ? `above ${b.above!}` : `from ${b.min}`;
    const high = String(b.max ?? b.below);
    for (const v of outside) {
      const said = refusal(() => rankingParameters(method, { [name]: v }));
      expect(said).toMatch(new RegExp(`^${name} takes ${kind} ${low} .*${high}`));
      expect(refusal(() => rankingOf({ [flag]: v }, method))).toMatch(new RegExp(`^--${flag} takes ${kind} ${low} `));
    }
  });

  it('hold for whoever prepares a method by hand', async () => {
    const parameters = { ...rankingParameters('hybrid'), alpha: 1 };
    await expect(Ranker.prepare({ vectors: x, images: N }, parameters)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('alpha takes a number above 0 and below 1, not 1') as string,
    });
  });
});

describe('foreign parameters', () => {
  it('are refused by every method, which names what it reads', () => {
    const all = Object.keys(BOUNDS).filter((name) => !name.includes(' '));
    for (const method of SEARCH_METHODS) {
      const read = parametersOf(method);
      for (const name of all.filter((n) => !read.some((p) => p.name === n))) {
        const said = refusal(() => rankingParameters(method, { [name]: 1 }));
        expect(said).toContain(`The method ${method} does not read ${name}`);
        expect(said).toContain(read.length === 0 ? 'no parameters' : `reads ${read.map((p) => p.name).join(', ')}`);
      }
    }
    expect(refusal(() => rankingParameters('cosine', { k: undefined }))).toBe('accepted');
    expect(refusal(() => rankingParameters('nearest' as Method))).toMatch(/There is no method nearest: cosine, /);
  });

  it('are refused on the command line by their option', () => {
    expect(refusal(() => rankingOf({ rank: 5 }, 'cg'))).toBe(
      'The method cg does not read --rank: it reads --k, --kq, --gamma, --alpha, --iterations, --tolerance',
    );
    expect(refusal(() => rankingOf({ k: 5, trunc: 7 }, 'bow'))).toBe(
      'The method bow does not read --k, --trunc: it has no parameters',
    );
    // One option, two meanings.
    expect(rankingOf({ alpha: 2 }, 'alpha-qe')).toEqual({ exponent: 2 });
    expect(rankingOf({ alpha: 0.5 }, 'cg')).toEqual({ alpha: 0.5 });
    expect(rankingOf({ neighbours: 3 }, 'dba')).toEqual({ expansion: 3 });
  });

  it('are refused by routes and jobs', () => {
    const search = (method: string, ranking: object): string =>
      ROUTES['search.run'].params.safeParse({ photo: 'a'.repeat(8), top: 5, method, ranking }).error?.issues[0]
        ?.message ?? 'accepted';
    expect(search('hybrid', { rank: 20 })).toBe('accepted');
    expect(search('cosine', { rank: 20 })).toBe('The method cosine does not read rank: it has no parameters');
    expect(search('fsr', { rank: 0 })).toBe('rank takes a whole number from 1 to 5000, not 0');
    expect(search('cg', { alpha: 1 })).not.toBe('accepted');
    const start = (kind: 'measure' | 'tradeoff', params: object): string =>
      refusal(() => check(JOBS[kind].params, params));
    expect(start('measure', { ranking: { k: 4 } })).toContain('cosine does not read k');
    expect(start('measure', { method: 'fsr', ranking: { rank: 0 } })).toContain('rank takes');
    expect(start('measure', { method: 'fsr', ranking: { rank: 9 } })).toBe('accepted');
    expect(start('tradeoff', { ranking: { shortlist: 9 } })).toContain('hybrid does not read shortlist');
    expect(start('tradeoff', { ranking: { rank: 0 } })).toBe('accepted');
  });
});

describe('options', () => {
  it('are those of every version, and say which methods read them and their defaults', () => {
    const help = new Map(optionsOf(z.strictObject(rankingOptions)).map((o) => [o.long, o.description]));
    expect([...help.keys()].sort()).toEqual(
      [
        ...['--k', '--kq', '--gamma', '--alpha', '--iterations', '--tolerance', '--rank', '--neighbours', '--trunc'],
        '--shortlist',
      ].sort(),
    );
    expect(help.get('--rank')).toContain('fsr: 500; hybrid: 40');
    expect(help.get('--k')).toContain('50, with regions 200');
    expect(help.get('--alpha')).toContain('alpha-qe, alpha-dba: 3');
    expect(help.get('--iterations')).toContain('iterative, jacobi: 1000');
  });
});
