/** Seconds as a person says what is left: `4 s`, `3 min`, `2 h 10 min`. */
export function timeLeft(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 600)
    return `${Math.floor(seconds / 60)} min ${10 * Math.floor((seconds % 60) / 10)} s`.replace(' 0 s', '');
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`.replace(' 0 min', '');
}
