import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => document.documentElement.removeAttribute('style'));

async function measured(size: string): Promise<(pixels: number) => number> {
  vi.resetModules();
  document.documentElement.style.fontSize = size;
  const { inText, measureText } = await import('../../../src/renderer/kit/text-size.ts');
  measureText();
  return inText;
}

it('what holds text is as high as it was drawn where text is as it comes', async () => {
  const inText = await measured('13px');
  expect([inText(30), inText(74)]).toEqual([30, 74]);
});

it('and grows with text, but is never smaller', async () => {
  expect((await measured('26px'))(30)).toBe(60);
  expect((await measured('16.25px'))(30)).toBe(38);
  expect((await measured('9px'))(30)).toBe(30);
});
