export type Point = readonly [number, number];

/** Whether a point lies inside a polygon, by the even-odd rule. */
export function contains(polygon: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [xi, yi] = polygon[i]!;
    const [xj, yj] = polygon[j]!;
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** Positions of those points that lie inside a polygon, in their order. */
export function pointsInside(polygon: readonly Point[], x: ArrayLike<number>, y: ArrayLike<number>): number[] {
  const [xs, ys] = [polygon.map((p) => p[0]), polygon.map((p) => p[1])];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const inside: number[] = [];
  for (let i = 0; i < x.length; i += 1) {
    const [px, py] = [x[i]!, y[i]!];
    if (px >= left && px <= right && py >= top && py <= bottom && contains(polygon, [px, py])) inside.push(i);
  }
  return inside;
}

/** How far a point lies from a segment. */
function distance([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/**
 * A line with fewer points, none of those that are left out farther from it than `by` (Ramer 1972, Douglas and Peucker 1973). Its ends stay;
 * of a closed polygon that is the first and the last point.
 */
export function simplified(line: readonly Point[], by: number): Point[] {
  const stays = new Uint8Array(line.length);
  const parts: [number, number][] = [[0, line.length - 1]];
  if (line.length > 0) stays[0] = stays[line.length - 1] = 1;
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [from, to] = part;
    let farthest = -1;
    let most = by;
    for (let i = from + 1; i < to; i += 1) {
      const d = distance(line[i]!, line[from]!, line[to]!);
      if (d > most) [farthest, most] = [i, d];
    }
    if (farthest < 0) continue;
    stays[farthest] = 1;
    parts.push([from, farthest], [farthest, to]);
  }
  return line.filter((_, i) => stays[i] === 1);
}
