/**
 * A process with the real engine on a small library, for tests of the page, whose modules come from another world. Started with a folder of
 * its own; it answers requests as of a page, and plans for good what a job was told.
 */
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../src/main/engine/engine.ts';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { planAsked } from '../../src/main/engine/work/plan.ts';
import { withLibrary } from './planned.ts';
import { SAMPLE, smallLibrary } from './small-library.ts';

/** A request of a page, or a job whose plan is asked for. */
export type Asking = { readonly id: number } & (
  { readonly route: string; readonly params: unknown } | { readonly job: number; readonly plan: boolean }
);
/** What the engine noted of a job, and the stages of the plan that was made of it. */
export interface Told {
  readonly kind: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly stages: readonly { readonly name: string; readonly shards: number }[];
}

const folder = process.argv[2]!;
const home = join(folder, 'home');
const library = join(folder, 'library');
for (const name of ['out', 'photos']) mkdirSync(join(home, name), { recursive: true });
const images = join(SAMPLE, 'castle', 'images');
const names = readdirSync(images).filter((f) => f.endsWith('.jpg'));
for (const n of names) cpSync(join(images, n), join(home, 'photos', n));
for (const domain of ['clear', 'dull'])
  for (const [i, label] of ['one', 'two'].entries())
    cpSync(join(images, names[i]!), join(home, 'images', domain, label, names[i]!), { recursive: true });
// A folder that is empty would be taken itself.
writeFileSync(join(home, 'out', 'mine.txt'), 'mine');
writeNpy(join(home, 'base.npy'), Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1), [4, 2]);
(await smallLibrary(library)).close();
const engine = new Engine({ checkResults: true, start: { roots: [home] } });
await engine.open(library);

function told(job: number, plan: boolean): Promise<Told> {
  return withLibrary(library, async (l) => {
    const row = l.db.prepare('SELECT kind, params FROM job WHERE id = ?').get(job) as { kind: string; params: string };
    const params = JSON.parse(row.params) as Record<string, unknown>;
    if (!plan) return { kind: row.kind, params, stages: [] };
    const made = await planAsked(l, { ...params, out: join(folder, `plan-${job}`) } as never, silentContext());
    return {
      kind: row.kind,
      params,
      stages: made.file.stages.map((s) => ({ name: s.name, shards: s.shards.length })),
    };
  });
}

process.on('message', (asking: Asking) => {
  void (async () => {
    const reply =
      'route' in asking
        ? await engine.dispatch(asking.route, asking.params, 'page')
        : await told(asking.job, asking.plan).then(
            (data) => ({ ok: true, data }),
            (error: unknown) => ({ ok: false, error: { code: 'INTERNAL', message: String(error) } }),
          );
    process.send!({ id: asking.id, reply });
  })();
});
process.on('disconnect', () => void engine.close().finally(() => process.exit()));
process.send!({ id: 0, reply: { ok: true, data: null } });
