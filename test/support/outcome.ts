import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What differs between two equal libraries: times, and numbers that tell how often something was tried. */
const DIFFERS =
  /^(created|started|finished|modified|changed|seconds|ms|pid|owner|device|path|root|images|source|folder)$|seconds|^ms[A-Z]|[Mm]s$|perSecond|peakMemory/;

function plain(value: unknown, key = ''): unknown {
  if (DIFFERS.test(key)) return null;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  // A library numbers its runs, also those that came to nothing.
  if (typeof value === 'string' && /\brun \d+\b/.test(value))
    return plain(value.replaceAll(/\brun \d+\b/g, 'run'), key);
  if (typeof value === 'string' && /^[[{]/.test(value)) {
    try {
      return plain(JSON.parse(value));
    } catch {
      return value;
    }
  }
  if (Array.isArray(value)) return value.map((v) => plain(v));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v, k)]));
  return value;
}

/** Rows as lines, each once, in their order by text. */
function lines(rows: readonly unknown[]): string[] {
  return [...new Set(rows.map((r) => JSON.stringify(plain(r))))].sort();
}

/**
 * All that a library holds, but for times and for what was tried in vain: rows of its tables and digests of its files. Two libraries in which
 * the same was done are equal in it.
 */
export function outcome(library: string): Record<string, readonly string[]> {
  const db = new Database(join(library, 'library.db'), { readonly: true });
  const all = (sql: string): Record<string, unknown>[] => db.prepare(sql).all() as Record<string, unknown>[];
  const out: Record<string, readonly string[]> = {};
  for (const table of [
    'scene',
    'photo',
    'photo_file',
    'cluster_all',
    'view_all',
    'pair_all',
    'given_pair_all',
    'network',
    'descriptor_set',
    'vector_set',
    'truth',
    'decision',
    'verdict',
    'photo_match',
  ])
    out[table] = lines(all(`SELECT * FROM ${table}`));
  for (const table of ['evaluation', 'measurement', 'experiment', 'network_choice'])
    out[table] = lines(all(`SELECT * FROM ${table}`).map(({ id: _, reason: __, ...row }) => row));
  out['tuples'] = lines(
    all('SELECT id FROM mining_run').map(({ id }) =>
      createHash('sha256')
        .update(
          lines(all(`SELECT * FROM tuple WHERE run_id = ${String(id)}`).map(({ run_id: _, ...row }) => row)).join('\n'),
        )
        .digest('hex'),
    ),
  );
  out['runs'] = lines(
    all("SELECT id, network_id, result_id, parameters, map_before FROM training_run WHERE state = 'done'").map(
      ({ id, ...row }) => ({
        ...row,
        epochs: all(`SELECT facts FROM epoch WHERE training_id = ${String(id)} ORDER BY epoch`),
      }),
    ),
  );
  out['stored_file'] = lines(all('SELECT path AS file, bytes, sha256 FROM stored_file'));
  db.close();
  for (const folder of ['clusters', 'descriptors', 'detectors', 'networks', 'features', 'teacher', 'edges'])
    out[folder] = filesBelow(join(library, folder)).map((file) => {
      const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
      return `${relative(library, file)} ${digest}`;
    });
  return out;
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name))
    .sort();
}

/** What should not be there once nobody is at work. */
export function leftovers(library: string): string[] {
  const db = new Database(join(library, 'library.db'), { readonly: true });
  const open = db
    .prepare(
      "SELECT 'job ' || id || ' ' || state FROM job WHERE state IN ('running', 'queued') UNION ALL SELECT 'run ' || id FROM training_run WHERE state = 'running'",
    )
    .pluck()
    .all() as string[];
  // Where a training stands that was cut short is kept, so that it can be taken up.
  const standing = db
    .prepare("SELECT 'runs/' || id || '.checkpoint' FROM training_run WHERE state IN ('failed', 'stopped')")
    .pluck()
    .all() as string[];
  db.close();
  return [
    ...open,
    ...readdirSync(join(library, 'staging')),
    ...filesBelow(library)
      .map((f) => relative(library, f))
      .filter((f) => /\.(tmp|part|lock|owner|checkpoint)$|library\.db\..*-/.test(f) && !standing.includes(f)),
  ];
}
