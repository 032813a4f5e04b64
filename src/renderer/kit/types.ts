import type { Component } from 'vue';
import type { Rect } from './placement.ts';

/** One choice of a select. */
export interface KitOption<V> {
  readonly value: V;
  readonly label: string;
  readonly disabled?: boolean;
  readonly group?: string;
}

/** One line of a menu. */
export interface KitMenuItem {
  readonly label: string;
  readonly icon?: Component;
  /** The keys that do the same. */
  readonly keys?: string;
  /** Why it cannot be done now: the line is grey and says so. */
  readonly reason?: string;
  readonly checked?: boolean;
  readonly danger?: boolean;
  /** A line over it. */
  readonly separated?: boolean;
  readonly run: () => void;
}

/** One column of a table. `value` is what it is sorted by, and what is written where there is no slot. */
export interface KitColumn<R> {
  readonly key: string;
  readonly label: string;
  readonly value?: (row: R) => string | number | null;
  /** A track of a CSS grid; an equal share of what is left by default. */
  readonly width?: string;
  readonly align?: 'start' | 'end';
  readonly sortable?: boolean;
  /** The label is said, not shown. */
  readonly bare?: boolean;
  readonly tip?: string;
}

export interface KitSort {
  readonly key: string;
  readonly down: boolean;
}

/** One curve or row of bars. `colour` names a colour token. */
export interface KitSeries {
  readonly name: string;
  readonly colour: string;
  readonly dashed?: boolean;
  /** Its own dashes, as SVG writes them, where several are dashed. */
  readonly dashes?: string;
  /** A thin line, for what is on the way. */
  readonly thin?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** How two photos share a stage. */
export type StageMode = 'side' | 'slider' | 'flicker';

/** Where the photos of a stage lie, for what is drawn over them. */
export interface StageGeometry {
  readonly width: number;
  readonly height: number;
  /** Where the photos lie, in pixels of the stage; null while one is not there. */
  readonly left: Rect | null;
  readonly right: Rect | null;
  /** The part of the stage in which each is seen. */
  readonly leftFrame: Rect;
  readonly rightFrame: Rect;
}
