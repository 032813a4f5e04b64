/** What checks inputs, and the schemas that are made of it: long to evaluate, each in a task of its own, so they are not left to the form that needs them. */
export const SCHEMAS: readonly (() => Promise<unknown>)[] = [
  () => import('../../kit/checks.ts'),
  () => import('../../../shared/jobs/index.ts'),
];

/** A form whose code comes after them. What of them cannot be fetched, the form itself says. */
export function afterSchemas<T>(load: () => Promise<T>): () => Promise<T> {
  return async () => {
    for (const part of SCHEMAS) await part().catch(() => undefined);
    return load();
  };
}
