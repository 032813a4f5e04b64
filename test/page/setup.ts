import { vi } from 'vitest';

/** What happy-dom has not: sizes. Tests say how large the page is. */
export function sized(width: number, height: number): () => void {
  const was = ['clientWidth', 'clientHeight'].map(
    (k) => [k, Object.getOwnPropertyDescriptor(HTMLElement.prototype, k)] as const,
  );
  Object.defineProperty(HTMLElement.prototype, 'clientWidth', { configurable: true, get: () => width });
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, get: () => height });
  return () => {
    for (const [k, d] of was) {
      if (d === undefined) Reflect.deleteProperty(HTMLElement.prototype, k);
      else Object.defineProperty(HTMLElement.prototype, k, d);
    }
  };
}

/** A repeatable number from 0 to 1. */
export function random(seed: number): () => number {
  let s = seed;
  return () => {
    s = (Math.imul(s, 1_664_525) + 1_013_904_223) >>> 0;
    return s / 4_294_967_296;
  };
}

/** Every image that is made from here on. Undone by `vi.unstubAllGlobals`. */
export function imagesMade(): readonly HTMLImageElement[] {
  const images: HTMLImageElement[] = [];
  const Real = globalThis.Image;
  vi.stubGlobal(
    'Image',
    class extends Real {
      constructor() {
        super();
        images.push(this as unknown as HTMLImageElement);
      }
    },
  );
  return images;
}
