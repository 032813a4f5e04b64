/** The score by room, and the table in docs/quality.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Mutant } from './points.ts';

export interface Judged {
  readonly mutant: Mutant;
  /** `timeout` counts as killed, `uncovered` as survived, `equivalent` as neither. */
  readonly state: 'killed' | 'timeout' | 'survived' | 'uncovered' | 'equivalent';
  readonly by: string;
}

/** A mutant that no test can tell from the original, and why. */
export interface Equivalent {
  readonly file: string;
  readonly code: string;
  readonly mutated: string;
  readonly reason: string;
}

/** Reads test/mutation/equivalent.json. */
export function readEquivalents(path: string): Equivalent[] {
  return JSON.parse(readFileSync(path, 'utf8')) as Equivalent[];
}

const isKilled = (j: Judged): boolean => j.state === 'killed' || j.state === 'timeout';

/** A table in Markdown: room, mutants, killed, survived, judged equivalent, score of those that are not. */
export function scoreTable(judged: readonly Judged[], roomOf: (file: string) => string | undefined): string {
  const rooms = new Map<string, Judged[]>();
  for (const j of judged) {
    const room = roomOf(j.mutant.file) ?? 'elsewhere';
    rooms.set(room, [...(rooms.get(room) ?? []), j]);
  }
  const row = (name: string, list: readonly Judged[]): string => {
    const killed = list.filter(isKilled).length;
    const equivalent = list.filter((j) => j.state === 'equivalent').length;
    const rest = list.length - equivalent;
    const score = rest === 0 ? '' : `${((100 * killed) / rest).toFixed(0)} %`;
    return `| ${name} | ${list.length} | ${killed} | ${rest - killed} | ${equivalent} | ${score} |`;
  };
  return [
    '| room | mutants | killed | survived | judged equivalent | score |',
    '|---|---|---|---|---|---|',
    ...[...rooms].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, list]) => row(name, list)),
    row('all', judged),
  ].join('\n');
}

const START = '<!-- mutation score: written by npm run mutate -- --write -->';
const END = '<!-- end of the mutation score -->';

/** Replaces the part of `path` between its two marks. */
export function writeQuality(
  path: string,
  judged: readonly Judged[],
  roomOf: (file: string) => string | undefined,
  sample: { readonly seed: number; readonly count: number; readonly of: number },
): void {
  const text = readFileSync(path, 'utf8');
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start < 0 || end < 0) throw new Error(`${path} has lost the marks of the mutation score`);
  const survivors = judged.filter((j) => j.state === 'survived' || j.state === 'uncovered');
  const lines = survivors.map(
    ({ mutant, state }) =>
      `- \`${mutant.file}\`, ${mutant.operator}${state === 'uncovered' ? ', no test runs it' : ''}: \`${mutant.code}\` became \`${mutant.mutated}\``,
  );
  const date = new Date().toISOString().slice(0, 10);
  const part = [
    START,
    '',
    `${date}, seed ${sample.seed}, a sample of ${sample.count} of ${sample.of} mutants.`,
    '',
    scoreTable(judged, roomOf),
    '',
    survivors.length === 0 ? 'No mutant of this sample survived.' : 'Survivors of this sample:',
    '',
    ...lines,
    '',
  ].join('\n');
  writeFileSync(path, text.slice(0, start) + part + text.slice(end));
}
