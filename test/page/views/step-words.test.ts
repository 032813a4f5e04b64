import { describe, expect, it } from 'vitest';
import { estimated, estimatedTime } from '../../../src/renderer/views/start/step-words.ts';

describe('what a step takes, in words', () => {
  it.each<[readonly [number, number], number | null, string]>([
    [[20, 20], null, 'Estimated: about 20 s'],
    [[3, 3], 81_920, 'Estimated: a few seconds, 82 kB'],
    [[154, 1540], null, 'Estimated: 3 min to 26 min on two cores'],
    [[1.1, 5.5], 14_000, 'Estimated: up to 5 s on two cores, 14 kB'],
    [[15, 77], null, 'Estimated: 15 s to 75 s on two cores'],
  ])('%j s and %j bytes', (seconds, bytes, words) => {
    expect(estimated({ seconds, bytes })).toBe(words);
  });

  it('say what is counted besides', () =>
    expect(estimated({ seconds: [170, 170], bytes: null, includes: 'the comparison with the default' })).toBe(
      'Estimated: about 3 min, with the comparison with the default',
    ));

  it('are none of what a person does', () => {
    expect(estimated(null)).toBe('');
    expect(estimatedTime(null)).toBe('');
  });

  it('are the time alone where there is little room', () =>
    expect(estimatedTime({ seconds: [1.1, 5.5], bytes: 14_000 })).toBe('up to 5 s on two cores'));
});
