/** A question's name: the same for all who ask the same. */
export function questionKey(route: string, params: unknown): string {
  return `${route} ${JSON.stringify(params)}`;
}
