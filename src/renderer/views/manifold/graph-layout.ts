import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationNodeDatum,
} from 'd3-force';
import type { ManifoldView } from '../../../shared/domain.ts';

const RING = 60;
const MARGIN = 34;
const TICKS = 300;
/** Whoever waits for the page has it after so long. */
const PIECE_MS = 20;

export interface GraphNode extends SimulationNodeDatum {
  readonly photo: string;
  readonly steps: number;
  readonly radius: number;
}

/** Where photos and their edges are: pixels from the middle. */
export interface GraphLayout {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly (ManifoldView['edges'][number] & { readonly from: GraphNode; readonly to: GraphNode })[];
}

/**
 * Lays a graph out from a fixed start, so that the same photo always looks the same. @param room in pixels. @param pause between pieces; false
 * ends it. @returns null where it was ended.
 */
export async function layOut(
  { nodes, edges }: Pick<ManifoldView, 'nodes' | 'edges'>,
  room: { readonly width: number; readonly height: number },
  pause: () => Promise<boolean>,
): Promise<GraphLayout | null> {
  const [width, height] = [Math.max(200, room.width), Math.max(160, room.height)];
  // Smaller where there is little room for each.
  const crowd = Math.max(0.6, Math.min(1, Math.sqrt((width * height) / (4200 * nodes.length))));
  const placed: GraphNode[] = nodes.map(({ photo, steps }, i) => ({
    photo,
    steps,
    radius: crowd * (i === 0 ? 30 : steps === 1 ? 20 : 16),
    x: i === 0 ? 0 : Math.cos(2.4 * i) * RING * steps,
    y: i === 0 ? 0 : Math.sin(2.4 * i) * RING * steps * (height / width),
  }));
  const links = edges.map((e) => ({ source: e.a, target: e.b, weight: e.weight }));
  // A wide frame pulls less to its sides than to its top and bottom.
  const pull = 0.05;
  const simulation = forceSimulation(placed)
    .force(
      'link',
      forceLink(links)
        .distance(52)
        .strength((l) => 0.3 * (l as unknown as { weight: number }).weight),
    )
    .force('charge', forceManyBody().strength(-160))
    .force('x', forceX(0).strength((pull * height) / width))
    .force('y', forceY(0).strength((pull * width) / height))
    .force(
      'apart',
      forceCollide<GraphNode>((n) => n.radius + 3),
    )
    .stop();
  let began = performance.now();
  for (let tick = 0; tick < TICKS; tick += 1) {
    if (performance.now() - began > PIECE_MS) {
      if (!(await pause())) return null;
      began = performance.now();
    }
    simulation.tick();
  }
  const [left, right] = [Math.min(...placed.map((n) => n.x!)), Math.max(...placed.map((n) => n.x!))];
  const [top, bottom] = [Math.min(...placed.map((n) => n.y!)), Math.max(...placed.map((n) => n.y!))];
  const fit = (space: number, extent: number): number => Math.min(1.6, space / Math.max(1, extent));
  const [sx, sy] = [fit(width - 2 * MARGIN, right - left), fit(height - 2 * MARGIN, bottom - top)];
  for (const n of placed) {
    n.x = (n.x! - (left + right) / 2) * sx;
    n.y = (n.y! - (top + bottom) / 2) * sy;
  }
  return { nodes: placed, edges: edges.map((e) => ({ ...e, from: placed[e.a]!, to: placed[e.b]! })) };
}
