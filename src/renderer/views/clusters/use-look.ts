import { ref } from 'vue';
import type { PointColour } from '../../scenes/parts.ts';

/** How points of models look; the same in every model until the page is left. */
export const pointColour = ref<PointColour>('photo');
/** Pixels of a point; null for what suits their number. */
export const pointSize = ref<number | null>(null);
