/** What nobody waits for goes after what somebody does: the engine, the browser and the page share a machine's processors. */

/** Who was answered may ask for more: so long after the last answer it is quiet. */
const AFTER_MS = 60;

let open = 0;
const told = new Set<() => void>();

/** Counts a request until it settles. Those that are done once, which may wait for a lost connection for hours, are not counted. */
export async function underWay<T>(answer: Promise<T>): Promise<T> {
  open += 1;
  try {
    return await answer;
  } finally {
    open -= 1;
    if (open === 0) for (const tell of told) tell();
  }
}

/** Resolves when every question has been answered and none came after, at the latest after so many milliseconds. */
export function quiet(latest: number): Promise<void> {
  return new Promise((resolve) => {
    let pausing: ReturnType<typeof setTimeout> | undefined;
    const end = (): void => {
      told.delete(look);
      clearTimeout(pausing);
      clearTimeout(last);
      resolve();
    };
    const look = (): void => {
      clearTimeout(pausing);
      pausing = setTimeout(() => open === 0 && end(), AFTER_MS);
    };
    const last = setTimeout(end, latest);
    told.add(look);
    look();
  });
}
