import { describe, expect, it } from 'vitest';
import css from '../../../src/renderer/styles/base.css?raw';

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.040_45 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}
function tokens(theme: string): Record<string, string> {
  const block = new RegExp(`data-theme='${theme}'\\] \\{([^}]*)\\}`).exec(css)?.[1] ?? '';
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1]!, m[2]!]));
}

const TEXTS = ['text', 'quiet', 'accent', 'query', 'positive', 'negative', 'euclidean', 'manifold', 'junk', 'warn'];
const SERIES = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5'];
const GROUNDS = ['ground', 'surface', 'raised', 'hover', 'accent-ground', 'photo-ground'];

describe.each(['dark', 'light'])('the %s theme', (theme) => {
  const t = tokens(theme);
  it.each(TEXTS)('%s can be read on every ground', (text) => {
    for (const ground of GROUNDS) expect(contrast(t[text]!, t[ground]!), ground).toBeGreaterThanOrEqual(4.5);
  });
  it.each(SERIES)('the curve %s can be told from what it lies on', (series) => {
    for (const ground of ['ground', 'surface', 'raised'])
      expect(contrast(t[series]!, t[ground]!), ground).toBeGreaterThanOrEqual(3);
  });
  it('text on the accent can be read', () => {
    expect(contrast(t['on-accent']!, t['accent']!)).toBeGreaterThanOrEqual(4.5);
  });
  it('what is off can be told from its ground', () => {
    for (const ground of ['ground', 'surface', 'raised'])
      expect(contrast(t['control']!, t[ground]!), ground).toBeGreaterThanOrEqual(3);
  });
});

it('knows black on white', () => {
  expect(contrast('#000000', '#ffffff')).toBe(21);
});
