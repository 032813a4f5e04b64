/**
 * The focus is where a person works. When what had it is gone, as a page that was left through a dialog, a browser gives it to nothing: the
 * next Tab begins at the top of the window, and a screen reader says nothing. It then goes to the heading of what is shown instead.
 */
/** What had the focus last; null where a press beside things took it away, which loses nothing. */
let last: HTMLElement | null = null;
let following = false;
/** Until when is looked for what is shown next, which may have to be fetched first; 0 while nobody looks. */
let until = 0;

const [LOOK_MS, LOOKS_FOR_MS] = [50, 3000];

/** Remembers what has the focus. @returns ends it. */
export function followFocus(): () => void {
  const onFocus = (event: FocusEvent): void => {
    last = event.target instanceof HTMLElement ? event.target : null;
  };
  // What takes the focus of a press says so after it.
  const onPress = (): void => {
    last = null;
  };
  following = true;
  addEventListener('focusin', onFocus);
  addEventListener('pointerdown', onPress, { capture: true });
  return () => {
    removeEventListener('focusin', onFocus);
    removeEventListener('pointerdown', onPress, { capture: true });
    last = null;
    following = false;
  };
}

const isLost = (): boolean =>
  last?.isConnected === false && (document.activeElement ?? document.body) === document.body;

/** To be called when something else is shown or a dialog is closed: looks for a while whether the focus is lost, and mends that. */
export async function mendFocus(): Promise<void> {
  const isLookedFor = until > 0;
  until = Date.now() + LOOKS_FOR_MS;
  if (isLookedFor) return;
  while (following && Date.now() < until) {
    await new Promise((done) => setTimeout(done, LOOK_MS));
    if (!following) break;
    const heading = document.querySelector<HTMLElement>('#view h1');
    if (!isLost() || heading === null || document.querySelector('[role="dialog"]') !== null) continue;
    takeFocus(heading);
    break;
  }
  until = 0;
}

/** Gives the focus to what is none of the stops of Tab, until it goes on from there: so that a press beside things does not give it. */
export function takeFocus(element: HTMLElement): void {
  element.setAttribute('tabindex', '-1');
  element.focus();
  element.addEventListener('blur', () => element.removeAttribute('tabindex'), { once: true });
}
