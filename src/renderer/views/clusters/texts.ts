/** A mean reprojection error. */
export function errorText(px: number | null): string {
  return px === null ? 'not stated' : `${px.toFixed(2)} px`;
}
