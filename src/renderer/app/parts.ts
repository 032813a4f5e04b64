/** Parts of the page's code, each evaluated in a task of its own as soon as it has come. */
import { SCHEMAS } from '../views/common/after-schemas.ts';

/** A view, a page below one, or a form or dialog of one. */
interface Page {
  readonly component: () => Promise<unknown>;
  readonly schemas?: true;
}

/** Fetches the code of a page, one part after the other: for when nobody waits. @param pause before each part. @throws what cannot be fetched. */
export async function loadInTurn({ component, schemas }: Page, pause: () => Promise<void>): Promise<void> {
  for (const part of [...(schemas === true ? SCHEMAS : []), component]) {
    await pause();
    await part();
  }
}
