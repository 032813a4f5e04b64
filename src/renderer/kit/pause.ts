/** Resolves in a task of its own: what the browser has waiting, a key or a frame, comes first. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** No frame is waited for longer: a window that is covered draws none. */
const FRAME_MS = 200;

/** Resolves once the next frame stands: what a person looks at comes before what is made after it. */
export function drawn(): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, FRAME_MS);
    requestAnimationFrame(() => {
      clearTimeout(late);
      setTimeout(resolve);
    });
  });
}

/** Resolves when nothing else is done, at the latest after so many milliseconds. */
export function idle(latest: number): Promise<void> {
  return new Promise((resolve) => {
    if (window.requestIdleCallback === undefined) setTimeout(resolve, 1);
    else window.requestIdleCallback(() => resolve(), { timeout: latest });
  });
}
