import { ref, shallowRef } from 'vue';
import { DrawingHistory, type Stroke } from './strokes.ts';

/** The drawing on the table: it stays while one looks at other views. */
const history = new DrawingHistory();
const strokes = shallowRef<readonly Stroke[]>([]);
const canUndo = ref(false);
const canRedo = ref(false);

function show(): void {
  strokes.value = history.strokes;
  canUndo.value = history.canUndo;
  canRedo.value = history.canRedo;
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
