/**
 * Kills this process with SIGKILL at the n-th of its points: before each rename, link, copy, removal, flush and whole file, after each
 * rename and write to a database, before and after each commit. To be imported before anything that imports `node:fs`.
 */
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { Worker } from 'node:worker_threads';
import type DatabaseType from 'better-sqlite3';

const Database = createRequire(import.meta.url)('better-sqlite3') as typeof DatabaseType;

let at = Number.POSITIVE_INFINITY;
let passed = 0;

let photograph: ((point: number) => void) | undefined;

/** Has something done at each point, as if the process died there: what others find then is what is on disk now. */
export function photographed(take: ((point: number) => void) | undefined): void {
  photograph = take;
}

/** Points that were passed since the last call, with their names where they are wanted. */
export const names: string[] = [];

export function armed(point: number): void {
  at = point;
  passed = 0;
  names.length = 0;
}

/** Kills this process after some time, whatever it does then. */
export function killedAfter(ms: number): void {
  const code = `setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${ms})`;
  new Worker(code, { eval: true, stdout: false }).unref();
}

function pass(name: string): void {
  passed += 1;
  names.push(name);
  photograph?.(passed);
  if (passed !== at) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way.
  for (;;);
}

type Any = (...given: unknown[]) => unknown;
const wrap = (of: object, name: string, after: boolean): void => {
  const holder = of as Record<string, Any>;
  const original = holder[name]!;
  holder[name] = function (this: unknown, ...given: unknown[]) {
    pass(name);
    const result = original.apply(this, given);
    if (after) pass(`after ${name}`);
    return result;
  };
};
for (const name of ['renameSync', 'linkSync', 'fsyncSync', 'copyFileSync', 'writeFileSync', 'rmSync'])
  wrap(fs, name, name === 'renameSync');
for (const name of ['rename', 'writeFile', 'rm']) wrap(fs.promises, name, false);
syncBuiltinESMExports();

const prototype = Database.prototype as unknown as Record<string, Any>;
const { transaction, prepare } = prototype as { transaction: Any; prepare: Any };
prototype['transaction'] = function (this: DatabaseType.Database, work: unknown) {
  // The model of a schema in memory is nothing that could be lost.
  const stays = this.name !== ':memory:';
  const inner = (...given: unknown[]): unknown => {
    const result = (work as Any)(...given);
    if (stays) pass('commit');
    return result;
  };
  const made = transaction.call(this, inner) as Any & { immediate: Any };
  const { immediate } = made;
  // Getters of the original; only what Covis uses.
  return Object.assign(
    (...given: unknown[]) => {
      const result = made(...given);
      if (stays) pass('committed');
      return result;
    },
    {
      immediate: (...given: unknown[]) => {
        const result = immediate(...given);
        if (stays) pass('committed');
        return result;
      },
    },
  );
};
prototype['prepare'] = function (this: DatabaseType.Database, sql: unknown) {
  const statement = prepare.call(this, sql) as DatabaseType.Statement;
  if (statement.readonly) return statement;
  for (const name of ['run', 'get'] as const) {
    const original = statement[name].bind(statement) as Any;
    statement[name] = ((...given: unknown[]) => {
      const result = original(...given);
      // Within a transaction nothing is written before its end.
      if (!this.inTransaction) pass('written');
      return result;
    }) as never;
  }
  return statement;
};
