/** `1 epoch`, `4 epochs`. @param many of a noun that does not only take an s. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
