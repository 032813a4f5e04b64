import { expect, it } from 'vitest';
import { duration } from '../../../src/shared/duration.ts';

it.each([
  [0, '0.0 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 min 0 s'],
  [119.7, '2 min 0 s'],
  [3394, '56 min 34 s'],
  [3599.7, '1 h 0 min'],
  [7170, '2 h 0 min'],
  [8100, '2 h 15 min'],
])('%f seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));
