/** `+4.1`, `-2.0`: with the sign of what is written, so that what rounds to nothing is not less than that. @param minus the sign of what is less. */
export function signed(v: number, digits: number, minus = '-'): string {
  const written = v.toFixed(digits);
  return Number(written) < 0 ? written.replace('-', minus) : `+${written.replace('-', '')}`;
}
