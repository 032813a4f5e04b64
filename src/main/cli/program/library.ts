import { folder } from '../../../shared/fields.ts';
import { Library } from '../../engine/library/library.ts';
import { ensureDefaultNetwork } from '../../engine/network/networks.ts';

/** The library that a command works on, as its first word. */
export const libraryWord = { library: folder };

/** Looks at what a library is to be made of before it is made: where there is nothing, no empty library is left. @throws what `look` throws. */
export async function beforeMaking(library: string, look: () => void | Promise<void>): Promise<Record<never, never>> {
  if (!Library.exists(library)) await look();
  return {};
}

/** Opens a library, or makes it, for as long as some work takes. */
export async function withLibrary<T>(
  path: string,
  create: boolean,
  work: (library: Library) => Promise<T> | T,
): Promise<T> {
  const library = create ? Library.create(path) : Library.open(path);
  try {
    if (library.readOnly === undefined) ensureDefaultNetwork(library);
    return await work(library);
  } finally {
    library.close();
  }
}
