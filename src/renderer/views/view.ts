import type { Component } from 'vue';
import type { LocationQueryRaw, RouteLocation } from 'vue-router';
import type { AskAhead } from '../transport/index.ts';

type Load = () => Promise<{ default: Component }>;

/** A place of a view that the palette finds by words of its own, such as a tab. */
export interface ViewEntry {
  readonly label: string;
  readonly query: LocationQueryRaw;
}

/**
 * A view: the one definition from which its routes, its place in the side bar, its key, its entries of the palette and the title of
 * the window are made. Its key is changed by `name`, so a name stays for ever.
 */
export interface View {
  readonly name: string;
  readonly title: string;
  readonly icon: Component;
  readonly path: string;
  /** Fetched when the view is first opened. */
  readonly component: Load;
  /** Forms and dialogs of it that need the schemas of jobs, which it does without: their code comes after that of all views, or when they are opened. */
  readonly later?: readonly Load[];
  readonly key?: string;
  /** It asks the thread that searches at once, and what of it: opened by its address, that begins while the page does. */
  readonly searches?: 'thread' | 'descriptors';
  /** Asks what it asks at once and may ask twice: opened by its address, that is answered while the page is made. */
  readonly ahead?: (ask: AskAhead, to: RouteLocation) => Promise<unknown>;
  /** A sentence on what is missing in a library without photos, where the view cannot be shown; false for a view that needs none. */
  readonly empty?: string | false;
  readonly palette?: readonly ViewEntry[];
  /** Pages below it that have a route of their own. */
  readonly pages?: readonly {
    readonly name: string;
    readonly path: string;
    readonly component: Load;
  }[];
}

export function view(definition: View): View {
  return definition;
}
