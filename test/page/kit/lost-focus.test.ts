import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { followFocus, mendFocus } from '../../../src/renderer/kit/lost-focus.ts';

let stop: () => void;
beforeEach(() => {
  vi.useFakeTimers();
  document.body.innerHTML = '<button id="stays">a</button><main id="view"></main>';
  stop = followFocus();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});
const view = (): HTMLElement => document.getElementById('view')!;
function focused(html: string): HTMLElement {
  view().innerHTML = html;
  const button = view().querySelector('button')!;
  button.focus();
  return button;
}
const heading = (): HTMLElement => view().querySelector('h1')!;

it('goes to the heading of what is shown once what had it is gone, even where that comes late', async () => {
  focused('<h1>Start</h1><button>New library</button>');
  view().innerHTML = '';
  void mendFocus();
  await vi.advanceTimersByTimeAsync(1000);
  expect(document.activeElement).toBe(document.body);
  view().innerHTML = '<h1>Clusters</h1><button>Import</button>';
  await vi.advanceTimersByTimeAsync(100);
  expect(document.activeElement).toBe(heading());
  // It is no stop of Tab, and a press beside things does not give it the focus, once the focus has gone on.
  document.getElementById('stays')!.focus();
  expect(heading().hasAttribute('tabindex')).toBe(false);
});

it('waits for a dialog that is open, and looks anew for what changes meanwhile', async () => {
  focused('<h1>Start</h1><button>New library</button>');
  document.body.insertAdjacentHTML('beforeend', '<div role="dialog"></div>');
  view().innerHTML = '<h1>Clusters</h1>';
  void mendFocus();
  await vi.advanceTimersByTimeAsync(2900);
  expect(document.activeElement).toBe(document.body);
  document.querySelector('[role=dialog]')!.remove();
  void mendFocus();
  await vi.advanceTimersByTimeAsync(200);
  expect(document.activeElement).toBe(heading());
});

it('stays where a person put it, and is not given by what has not lost it', async () => {
  focused('<h1>Start</h1><button>New library</button>');
  view().innerHTML = '<h1>Clusters</h1>';
  document.getElementById('stays')!.focus();
  void mendFocus();
  await vi.advanceTimersByTimeAsync(3100);
  expect(document.activeElement?.id).toBe('stays');
  // A press beside things takes the focus away, which nobody lost.
  const button = focused('<h1>Start</h1><button>New library</button>');
  document.body.dispatchEvent(new Event('pointerdown', { bubbles: true }));
  button.blur();
  view().innerHTML = '<h1>Clusters</h1>';
  void mendFocus();
  await vi.advanceTimersByTimeAsync(3100);
  expect(document.activeElement).toBe(document.body);
});
