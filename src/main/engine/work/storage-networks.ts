/** What needs a network of the library, and what names it. */
import { jobState } from '../../../shared/facts/jobs.ts';
import { networkSpec } from '../../../shared/facts/networks.ts';
import type { Library } from '../library/library.ts';
import { flag, integer, json, list, nullable, oneOf, record, select, text } from '../library/rows.ts';
import { isAtWork } from '../library/sweep.ts';
import { defaultNetworks } from '../network/default-network.ts';
import { checkpointsOf } from '../training/checkpoint-retention.ts';
import { numbered } from './numbered.ts';

/** A network, and why it stays: `firm` reasons cannot be overruled, for something would no longer work. */
export interface NetworkUse {
  readonly id: number;
  readonly uid: string;
  readonly name: string;
  readonly experiment: boolean;
  readonly kept: string | null;
  readonly firm: boolean;
}

const SHOWN = 3;

/** The networks of a library that were not removed, oldest first. */
export function networksOf(library: Library): NetworkUse[] {
  const { db } = library;
  const rows = select(
    db,
    'SELECT id, uid, spec, embedded FROM network WHERE removed IS NULL ORDER BY id',
    record({ id: integer, uid: text, spec: json(networkSpec), embedded: flag }),
  ).all();
  const defaults = new Map(defaultNetworks(library).map((d) => [d.network, d.takes]));
  const open = openJobs(library);
  const begun = select(db, 'SELECT id, state FROM training_run WHERE network_id = ? ORDER BY id', list(integer, text));
  const early = new Set(
    checkpointsOf(library)
      .filter((c) => c.state !== 'done')
      .map((c) => c.run),
  );
  const mined = select(db, 'SELECT id FROM mining_run WHERE network_id = ? ORDER BY id', integer);
  const evaluated = select(db, 'SELECT id FROM evaluation WHERE network_id = ? ORDER BY id', integer);
  const measured = select(db, "SELECT id FROM measurement WHERE set_key LIKE ? || '-%' ORDER BY id", integer);
  const made = select(
    db,
    "SELECT json_extract(spec, '$.name') FROM network WHERE parent = ? AND removed IS NULL ORDER BY id",
    text,
  );
  const reports = select(db, 'SELECT id FROM experiment WHERE instr(report, ?) > 0 ORDER BY id', integer);
  return rows.map(({ id, uid, spec, embedded }) => {
    const runs = begun.all(id);
    const takes = defaults.get(uid);
    const needs = [
      ...(embedded ? ['it comes with Covis'] : []),
      ...(takes === undefined ? [] : [`it is the default for ${takes}`]),
      ...open.filter((j) => j.params.includes(uid)).map((j) => `job ${j.id} (${j.title}) needs it`),
      ...runs.flatMap(([run, state]) =>
        state === 'running' ? [`training run ${run} begins from it and is under way`] : [],
      ),
      ...numbered(
        'it is needed to take up training run',
        runs.flatMap(([run, state]) => (state !== 'running' && early.has(run) ? [run] : [])),
      ),
    ];
    if (needs.length > 0)
      return { id, uid, name: spec.name, experiment: spec.experiment === true, kept: needs.join('; '), firm: true };
    const names = [
      ...numbered('mining run', mined.all(id)),
      ...numbered(
        'training run',
        runs.map(([run]) => run),
      ),
      ...numbered('evaluation', evaluated.all(id)),
      ...numbered('measurement', measured.all(uid)),
      ...numbered('report', reports.all(JSON.stringify(spec.name))),
      ...made
        .all(uid)
        .slice(0, SHOWN)
        .map((name) => `the network ${name}, which was made of it`),
    ];
    const kept = names.length === 0 || spec.experiment === true ? null : `named by ${names.join(', ')}`;
    return { id, uid, name: spec.name, experiment: spec.experiment === true, kept, firm: false };
  });
}

const JOB = record({
  id: integer,
  kind: text,
  title: text,
  params: text,
  state: oneOf(jobState.options),
  owner: nullable(text),
  pid: integer,
  created: text,
});

/** A job that waits or is under way. */
export interface OpenJob {
  readonly id: number;
  readonly title: string;
  readonly params: string;
  readonly state: string;
}

/** Jobs that wait or are under way, in whatever process, but for cleaning itself; those of who is gone do not count. */
export function openJobs(library: Library): OpenJob[] {
  return select(
    library.db,
    "SELECT id, kind, title, params, state, owner, pid, created FROM job WHERE state IN ('running', 'queued') ORDER BY id",
    JOB,
  )
    .all()
    .filter((j) => j.kind !== 'clean' && isAtWork(library.path, j));
}

/** Why nothing that jobs read or write can be removed now; null where no job is under way. */
export function busyWith(library: Library): string | null {
  const running = openJobs(library).find((j) => j.state === 'running');
  return running === undefined ? null : `Job ${running.id} (${running.title}) is under way`;
}
