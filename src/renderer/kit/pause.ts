/** Resolves in a task of its own: what the browser has waiting, a key or a frame, comes first. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Resolves when nothing else is done, at the latest after so many milliseconds. */
export function idle(latest: number): Promise<void> {
  return new Promise((resolve) => {
    if (window.requestIdleCallback === undefined) setTimeout(resolve, 1);
    else window.requestIdleCallback(() => resolve(), { timeout: latest });
  });
}
