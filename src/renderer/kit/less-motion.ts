/** True where a person has asked the system for less motion: what flies then jumps, what slides then stands. Asked anew each time. */
export function lessMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
