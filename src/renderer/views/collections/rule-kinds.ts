import type { Rule, RuleLeaf } from '../../../shared/facts/collection-rules.ts';
import { QUALITY_FIELDS, QUALITY_NAMES } from '../../../shared/facts/quality-fields.ts';
import { RULE_SIZES } from '../../../shared/facts/rule-words.ts';
import { wordsOf } from '../../kit/words.ts';

export type LeafKind = RuleLeaf['is'];
/** A rule while it is written: parts of it may be missing. */
export type Draft = { readonly is: Rule['is'] } & Readonly<Record<string, unknown>>;

/** One input of a condition. `names` are several, one a comma; `numbers` may be left empty. */
export interface RuleInput {
  readonly key: string;
  readonly kind: 'names' | 'text' | 'number' | 'time' | 'choice';
  readonly label: string;
  readonly options?: readonly { readonly value: string; readonly label: string }[];
  /** Whose names are offered. */
  readonly of?: 'clusters' | 'scenes' | 'places' | 'collections';
  /** Only where another input has one of these values. */
  readonly when?: { readonly key: string; readonly is: readonly string[] };
  readonly width?: number;
}

export interface RuleKind {
  readonly is: LeafKind;
  readonly label: string;
  readonly start: Draft;
  readonly inputs: readonly RuleInput[];
}

const named = (key: string, label: string): { value: string; label: string } => ({ value: key, label });
const RANGE: readonly RuleInput[] = [
  { key: 'from', kind: 'number', label: 'from', width: 84 },
  { key: 'to', kind: 'number', label: 'to', width: 84 },
];

/** Conditions in the order of the menu. Likeness and quality have forms of their own. */
export const RULE_KINDS: readonly RuleKind[] = [
  { is: 'like', label: 'Alike', start: { is: 'like', exemplars: {}, method: 'best', top: 50 }, inputs: [] },
  {
    is: 'cluster',
    label: 'Cluster',
    start: { is: 'cluster', clusters: [] },
    inputs: [{ key: 'clusters', kind: 'names', label: 'is one of', of: 'clusters' }],
  },
  {
    is: 'place',
    label: 'Place',
    start: { is: 'place', names: [] },
    inputs: [{ key: 'names', kind: 'names', label: 'of the clusters or scenes', of: 'places' }],
  },
  {
    is: 'scene',
    label: 'Scene',
    start: { is: 'scene', scenes: [] },
    inputs: [{ key: 'scenes', kind: 'names', label: 'is one of', of: 'scenes' }],
  },
  {
    is: 'taken',
    label: 'Time',
    start: { is: 'taken' },
    inputs: [
      { key: 'from', kind: 'time', label: 'from', width: 130 },
      { key: 'to', kind: 'time', label: 'to', width: 130 },
    ],
  },
  {
    is: 'near',
    label: 'Around a point',
    start: { is: 'near', km: 1 },
    inputs: [
      { key: 'latitude', kind: 'number', label: 'latitude', width: 92 },
      { key: 'longitude', kind: 'number', label: 'longitude', width: 92 },
      { key: 'km', kind: 'number', label: 'within km', width: 70 },
    ],
  },
  {
    is: 'box',
    label: 'Box on the map',
    start: { is: 'box' },
    inputs: ['south', 'north', 'west', 'east'].map((key) => ({ key, kind: 'number', label: key, width: 80 })),
  },
  {
    is: 'camera',
    label: 'Camera',
    start: { is: 'camera', how: 'contains' },
    inputs: [
      {
        key: 'how',
        kind: 'choice',
        label: '',
        options: [named('contains', 'contains'), named('is', 'is'), named('known', 'is known')],
      },
      { key: 'text', kind: 'text', label: '', when: { key: 'how', is: ['contains', 'is'] } },
    ],
  },
  {
    is: 'size',
    label: 'Size',
    start: { is: 'size', field: 'long' },
    inputs: [
      { key: 'field', kind: 'choice', label: '', options: RULE_SIZES.map((f) => named(f, wordsOf(f))) },
      ...RANGE,
    ],
  },
  {
    is: 'quality',
    label: 'Quality',
    start: { is: 'quality', field: 'sharpness' },
    inputs: [
      {
        key: 'field',
        kind: 'choice',
        label: '',
        options: QUALITY_FIELDS.map((f) => named(f, QUALITY_NAMES[f])),
      },
      ...RANGE,
    ],
  },
  {
    is: 'duplicate',
    label: 'Near duplicate',
    start: { is: 'duplicate', bits: 6 },
    inputs: [{ key: 'bits', kind: 'number', label: 'bits that may differ', width: 64 }],
  },
  {
    is: 'folded',
    label: 'Fold',
    start: { is: 'folded', as: 'under' },
    inputs: [
      {
        key: 'as',
        kind: 'choice',
        label: '',
        options: [named('under', 'folded under another'), named('head', 'others under it'), named('either', 'either')],
      },
    ],
  },
  {
    is: 'in',
    label: 'In a collection',
    start: { is: 'in' },
    inputs: [
      { key: 'collection', kind: 'choice', label: '', of: 'collections' },
      { key: 'version', kind: 'number', label: 'version', width: 64 },
    ],
  },
  { is: 'loose', label: 'In no collection', start: { is: 'loose' }, inputs: [] },
  {
    is: 'field',
    label: 'Field',
    start: { is: 'field', field: 'keywords', how: 'contains' },
    inputs: [
      { key: 'field', kind: 'text', label: '', width: 110 },
      {
        key: 'how',
        kind: 'choice',
        label: '',
        options: [named('contains', 'contains'), named('is', 'is'), named('has', 'is there')],
      },
      { key: 'text', kind: 'text', label: '', when: { key: 'how', is: ['contains', 'is'] } },
    ],
  },
  {
    is: 'decided',
    label: 'Reviewed',
    start: { is: 'decided' },
    inputs: [
      {
        key: 'verdict',
        kind: 'choice',
        label: '',
        options: [
          named('', 'in any way'),
          ...['accept', 'reject', 'same-object', 'swap', 'note'].map((v) => named(v, wordsOf(v))),
        ],
      },
    ],
  },
  {
    is: 'name',
    label: 'File name',
    start: { is: 'name' },
    inputs: [{ key: 'pattern', kind: 'text', label: 'like, with * and ?', width: 180 }],
  },
];

export const kindOf = (is: string): RuleKind | undefined => RULE_KINDS.find((k) => k.is === is);

/** Puts a value into a draft; nothing takes it out. */
export function withValue(draft: Draft, key: string, value: unknown): Draft {
  const { [key]: _, ...rest } = draft;
  return (value === undefined || value === '' || value === null ? rest : { ...rest, [key]: value }) as Draft;
}
