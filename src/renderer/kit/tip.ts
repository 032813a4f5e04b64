import type { Directive } from 'vue';

/** What a tooltip says; `keys` are written behind it. */
export interface Tip {
  readonly text: string;
  readonly keys?: string | undefined;
}

const DELAY_MS = 450;
const GAP = 6;
const tips = new WeakMap<HTMLElement, Tip | undefined>();
let box: HTMLElement | undefined;
let shownFor: HTMLElement | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

function make(): HTMLElement {
  const element = document.createElement('div');
  element.className = 'kit-tip';
  // What it says is in the accessible name or description of its element already.
  element.setAttribute('aria-hidden', 'true');
  element.setAttribute('popover', 'manual');
  document.body.append(element);
  return element;
}

function place(target: HTMLElement, tip: HTMLElement): void {
  const at = target.getBoundingClientRect();
  const { offsetWidth: w, offsetHeight: h } = tip;
  const left = Math.max(GAP, Math.min(innerWidth - w - GAP, at.left + at.width / 2 - w / 2));
  const below = at.bottom + GAP + h <= innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - h)}px`;
}

function show(target: HTMLElement): void {
  const tip = tips.get(target);
  if (tip === undefined || tip.text === '' || !target.isConnected) return;
  if (box?.isConnected !== true) box = make();
  box.textContent = tip.text;
  if (tip.keys !== undefined && tip.keys !== '') {
    const keys = document.createElement('kbd');
    keys.textContent = tip.keys;
    box.append(keys);
  }
  shownFor = target;
  if (typeof box.showPopover === 'function') box.showPopover();
  place(target, box);
}

function hide(): void {
  clearTimeout(timer);
  shownFor = undefined;
  if (box?.isConnected === true && typeof box.hidePopover === 'function') box.hidePopover();
  else box?.remove();
}

const later = (event: Event): void => {
  clearTimeout(timer);
  const target = event.currentTarget as HTMLElement;
  timer = setTimeout(() => show(target), DELAY_MS);
};
const atOnce = (event: Event): void => {
  const target = event.currentTarget as HTMLElement;
  if (target.matches(':focus-visible')) show(target);
};
const onKey = (event: KeyboardEvent): void => {
  if (event.key === 'Escape') hide();
};

/**
 * A tooltip for pointer and keyboard: shown after a moment under the pointer, at once on focus from the keyboard, hidden by Esc.
 * It repeats what the element's name or description says, so that nothing is told to the eye alone.
 */
export const vTip: Directive<HTMLElement, Tip | string | undefined> = {
  mounted(element, { value }) {
    tips.set(element, typeof value === 'string' ? { text: value } : value);
    element.addEventListener('pointerenter', later);
    element.addEventListener('pointerleave', hide);
    element.addEventListener('pointerdown', hide);
    element.addEventListener('focus', atOnce);
    element.addEventListener('blur', hide);
    element.addEventListener('keydown', onKey);
  },
  updated(element, { value }) {
    tips.set(element, typeof value === 'string' ? { text: value } : value);
    if (shownFor === element) show(element);
  },
  beforeUnmount(element) {
    if (shownFor === element) hide();
    else clearTimeout(timer);
  },
};
