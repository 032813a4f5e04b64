/** What became of one of many: a value, or why there is none. */
export interface Streamed<T> {
  readonly id: number;
  readonly value: T | undefined;
  readonly error: unknown;
}

/** Values in order, loaded a few ahead; what fails comes as an error in its place. */
export async function* ahead<T>(
  ids: readonly number[],
  load: (id: number) => Promise<T>,
  count = 6,
): AsyncGenerator<Streamed<T>> {
  const start = (id: number): Promise<Streamed<T>> =>
    load(id).then(
      (value) => ({ id, value, error: undefined }),
      (error: unknown) => ({ id, value: undefined, error }),
    );
  const queue = ids.slice(0, count).map(start);
  for (let next = count; queue.length > 0; next += 1) {
    const item = await queue.shift()!;
    if (next < ids.length) queue.push(start(ids[next]!));
    yield item;
  }
}
