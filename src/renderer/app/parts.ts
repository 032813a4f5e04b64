/** Parts of the page's code, each evaluated in a task of its own as soon as it has come. */
import type { View } from '../views/view.ts';

/** What checks inputs, and the schemas that are made of it: long to evaluate, so they are not left to the view that needs them. */
const SCHEMAS: readonly (() => Promise<unknown>)[] = [
  () => import('../kit/checks.ts'),
  () => import('../../shared/jobs/index.ts'),
];

/** A view, a page below one, or a dialog. */
interface Page {
  readonly component: () => Promise<unknown>;
  readonly schemas?: true;
}

/** Fetches the code of a page. What comes before it is asked for first; what of it cannot be fetched, the page itself says. */
export function load({ component, schemas }: Pick<View, 'component' | 'schemas'>): ReturnType<View['component']> {
  if (schemas === true) for (const part of SCHEMAS) part().catch(() => undefined);
  return component();
}

/** The same, one part after the other: for when nobody waits. @param pause before each part. @throws what cannot be fetched. */
export async function loadInTurn({ component, schemas }: Page, pause: () => Promise<void>): Promise<void> {
  for (const part of [...(schemas === true ? SCHEMAS : []), component]) {
    await pause();
    await part();
  }
}
