/** How many times larger a person has text than it comes, as the browser is set. */
let scale = 1;
/** Pixels of the root's font where nothing is set. */
const AS_IT_COMES = 13;

/** Takes the size of text as it is now; before anything is mounted. */
export function measureText(): void {
  const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  if (Number.isFinite(size) && size > 0) scale = Math.max(1, size / AS_IT_COMES);
}

/** Pixels of what holds text: more where text is larger. For heights that lists have to know before they are drawn. */
export function inText(pixels: number): number {
  return Math.round(pixels * scale);
}
