import { action } from './action.ts';

export const eraser = action({
  id: 'eraser',
  label: 'Pen or eraser',
  group: 'Draw',
  keys: ['e'],
  within: ['draw'],
  offered: ['palette', 'toolbar'],
  undoneBy: 'eraser',
});
