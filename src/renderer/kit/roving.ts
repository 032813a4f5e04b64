/** Where arrows, Home and End lead in a row of `count`; undefined where the key is another's. Ends are joined. */
export function roved(
  key: string,
  at: number,
  count: number,
  way: 'row' | 'column' | 'both' = 'row',
): number | undefined {
  if (count === 0) return undefined;
  const forward = (way !== 'column' && key === 'ArrowRight') || (way !== 'row' && key === 'ArrowDown');
  const back = (way !== 'column' && key === 'ArrowLeft') || (way !== 'row' && key === 'ArrowUp');
  if (forward) return (at + 1) % count;
  if (back) return (at - 1 + count) % count;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return undefined;
}
