import { usePlace } from '../stores/place.ts';
import type { View } from '../views/view.ts';
import { action, type Action } from './action.ts';

/** The action that opens a view: its id is the view's name. */
export function openView(view: View): Action {
  return action({
    id: view.name,
    label: view.title,
    group: 'Go to',
    keys: view.key === undefined ? [] : [view.key],
    offered: ['palette', 'menu'],
    run: () => usePlace().go({ name: view.name }),
  });
}
