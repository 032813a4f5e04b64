import type { ClusterView } from '../../shared/domain.ts';
import { frustum, viewingFrame } from './frame.ts';
import type { ClusterArrays, SceneColours } from './parts.ts';

/** What is shown where there is no WebGL: the model from above, on a 2D canvas. */
export function drawMap(
  canvas: HTMLCanvasElement,
  arrays: ClusterArrays,
  views: readonly ClusterView[],
  colours: SceneColours,
  selected: number | null,
): void {
  const box = (canvas.parentElement ?? canvas).getBoundingClientRect();
  canvas.width = box.width;
  canvas.height = box.height;
  const g = canvas.getContext('2d');
  if (g === null) return;
  const f = viewingFrame(arrays.points, views);
  const unit = Math.min(box.width, box.height) / 6;
  const place = (p: readonly number[]): [number, number] => [
    box.width / 2 + p[0]! * unit,
    box.height / 2 + p[2]! * unit,
  ];
  g.fillStyle = colours.background;
  g.fillRect(0, 0, box.width, box.height);
  const { centre, scale, rotation: r } = f;
  for (let i = 0; i < arrays.points.length / 3; i += 1) {
    const d = [0, 1, 2].map((k) => (arrays.points[3 * i + k]! - centre[k]!) * scale);
    const [x, y] = place([
      r[0]! * d[0]! + r[1]! * d[1]! + r[2]! * d[2]!,
      0,
      r[6]! * d[0]! + r[7]! * d[1]! + r[8]! * d[2]!,
    ]);
    g.fillStyle = `rgb(${arrays.colours[3 * i]} ${arrays.colours[3 * i + 1]} ${arrays.colours[3 * i + 2]})`;
    g.fillRect(x, y, 1.5, 1.5);
  }
  views.forEach((v, i) => {
    const c = frustum(f, v, 0.25);
    const tip = place(c.centre);
    g.strokeStyle = i === selected ? colours.selected : colours.frustum;
    g.beginPath();
    g.moveTo(...tip);
    g.lineTo(...place(c.corners[0]!));
    g.lineTo(...place(c.corners[1]!));
    g.closePath();
    g.stroke();
  });
}
