import { describe, expect, it } from 'vitest';
import { Kept } from '../../../src/main/engine/environment/kept.ts';

describe('Kept', () => {
  it('makes once what is asked for again, also meanwhile, and drops what was used first', async () => {
    const kept = new Kept<string>(2);
    const made: string[] = [];
    const of = (key: string): Promise<string> =>
      kept.of(key, async () => {
        made.push(key);
        await Promise.resolve();
        return `${key}!`;
      });
    expect(await Promise.all([of('a'), of('a'), of('b')])).toEqual(['a!', 'a!', 'b!']);
    await of('a');
    await of('c');
    expect(made).toEqual(['a', 'b', 'c']);
    await of('a');
    await of('b');
    expect(made).toEqual(['a', 'b', 'c', 'b']);
  });

  it('makes anew what failed', async () => {
    const kept = new Kept<number>(2);
    let times = 0;
    const of = (): Promise<number> =>
      kept.of('a', () => {
        times += 1;
        return times === 1 ? Promise.reject(new Error('once')) : Promise.resolve(times);
      });
    await expect(of()).rejects.toThrow('once');
    expect(await of()).toBe(2);
    expect(await of()).toBe(2);
  });
});
