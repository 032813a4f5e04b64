import { ref, shallowRef } from 'vue';
import { DrawingHistory, type Stroke } from './strokes.ts';

/** The drawing on the table: it stays while one looks at other views, and over a reload of the window. */
const KEY = 'covis-drawing';
const history = new DrawingHistory();
const strokes = shallowRef<readonly Stroke[]>([]);
const canUndo = ref(false);
const canRedo = ref(false);

function show(): void {
  sessionStorage.setItem(KEY, JSON.stringify(history.strokes));
  strokes.value = history.strokes;
  canUndo.value = history.canUndo;
  canRedo.value = history.canRedo;
}

/** What was on the table before a reload; nothing where it cannot be read. */
function kept(): readonly Stroke[] {
  try {
    const strokes: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(strokes) ? (strokes as Stroke[]) : [];
  } catch {
    return [];
  }
}
const before = kept();
if (before.length > 0) {
  history.put(before);
  show();
}

export const drawing = {
  strokes,
  canUndo,
  canRedo,
  add(stroke: Stroke): void {
    history.put([...history.strokes, stroke]);
    show();
  },
  clear(): void {
    if (history.strokes.length > 0) history.put([]);
    show();
  },
  undo(): void {
    history.undo();
    show();
  },
  redo(): void {
    history.redo();
    show();
  },
};
