import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, describe, expect, it } from 'vitest';
import { defineComponent, h, ref } from 'vue';
import { z } from 'zod';
import { FIELD_CHOICES } from '../../../src/renderer/kit/field-choices.ts';
import KitForm from '../../../src/renderer/kit/KitForm.vue';
import { complaint, fieldsOf, startOf, type FormField } from '../../../src/renderer/kit/schema-fields.ts';
import { wordsOf } from '../../../src/renderer/kit/words.ts';
import { JOBS } from '../../../src/shared/jobs/index.ts';
import { unwrap } from '../../../src/shared/schema.ts';

/** A field of every kind. */
const SCHEMA = z.strictObject({
  name: z.string().min(1).meta({ label: 'Name', help: 'How it is called' }),
  note: z.string().optional().meta({ otherwise: 'no note' }),
  loss: z.enum(['contrastive', 'triplet']).default('contrastive'),
  backend: z
    .enum(['auto', 'cpu', 'cuda', 'webgpu'])
    .default('auto')
    .meta({ label: 'Computed by', names: { cpu: 'CPU' } }),
  pooling: z.enum(['mac', 'gem']).optional().meta({ otherwise: 'the network’s own' }),
  bits: z.union([z.literal(8), z.literal(16), z.literal(32), z.literal(64)]).default(16),
  run: z.int().positive().nullable().default(null),
  epochs: z.int().min(1).max(1000).default(5).meta({ label: 'Epochs', help: 'passes', unit: 'x' }),
  size: z.int().multipleOf(32).min(64).max(2048).default(320),
  learningRate: z.number().min(1e-8).max(1).default(1e-5),
  margin: z.number().min(0.05).max(2).optional().meta({ otherwise: 'by network', step: 0.05 }),
  whiten: z.boolean().default(true),
  exact: z.boolean(),
  decay: z.number().min(0).max(1).default(0.5).meta({ advanced: true }),
  network: z.string().min(1).optional().meta({ page: 'id' }),
  out: z.string().optional().meta({ page: false }),
  mining: z.strictObject({ count: z.int().min(1).max(100).default(5), pool: z.int().min(1).optional() }).prefault({}),
  photos: z.array(z.strictObject({ id: z.string() })).default([]),
});

/** What is said as a list, and an id of what the app knows. */
const LISTS = z.strictObject({
  scales: z
    .union([z.literal('multi'), z.array(z.number().min(0.1).max(4)).min(1)])
    .optional()
    .meta({ label: 'Scales' }),
  drawn: z.array(z.string().min(1)).optional().meta({ label: 'Drawn' }),
  poolings: z
    .array(z.enum(['mac', 'gem']))
    .min(1)
    .default(['mac', 'gem'])
    .meta({ label: 'Poolings', names: { mac: 'MAC', gem: 'GeM' } }),
  network: z.string().min(1).optional().meta({ label: 'Network', page: 'id', choose: 'network' }),
});

describe('the fields of a schema', () => {
  const fields = fieldsOf(SCHEMA);
  const field = (key: string) => fields.find((f) => f.key === key)!;

  it('have the kind, bounds and choices that the schema has', () => {
    expect(fields.map((f) => [f.key, f.kind])).toEqual([
      ['name', 'text'],
      ['note', 'text'],
      ['loss', 'choice'],
      ['backend', 'choice'],
      ['pooling', 'choice'],
      ['bits', 'choice'],
      ['run', 'number'],
      ['epochs', 'number'],
      ['size', 'number'],
      ['learningRate', 'number'],
      ['margin', 'number'],
      ['whiten', 'boolean'],
      ['exact', 'boolean'],
      ['decay', 'number'],
      // An id is chosen by the view that knows what there is; a path is nothing that a page may say.
      ['network', 'other'],
      ['mining', 'group'],
      ['photos', 'other'],
    ]);
    expect(field('epochs')).toMatchObject({
      label: 'Epochs',
      help: 'Passes',
      unit: 'x',
      min: 1,
      max: 1000,
      step: 1,
      whole: true,
      default: 5,
    });
    expect(field('size')).toMatchObject({ min: 64, max: 2048, step: 32, whole: true });
    expect(field('learningRate')).toMatchObject({
      label: 'Learning rate',
      min: 1e-8,
      max: 1,
      step: undefined,
      whole: false,
    });
    expect(field('margin')).toMatchObject({ optional: true, nullable: false, otherwise: 'by network', step: 0.05 });
    expect(field('run')).toMatchObject({ optional: true, nullable: true, whole: true, max: undefined });
    expect(field('backend').options).toEqual([
      { value: 'auto', label: 'Auto' },
      { value: 'cpu', label: 'CPU' },
      { value: 'cuda', label: 'Cuda' },
      { value: 'webgpu', label: 'Webgpu' },
    ]);
    expect(field('bits').options.map((o) => o.value)).toEqual([8, 16, 32, 64]);
    expect(field('mining').fields.map((f) => f.path.join('.'))).toEqual(['mining.count', 'mining.pool']);
  });

  it('start as the schema says, so that only what nobody can guess is asked', () => {
    expect(startOf(fields)).toEqual({
      loss: 'contrastive',
      backend: 'auto',
      bits: 16,
      run: null,
      epochs: 5,
      size: 320,
      learningRate: 1e-5,
      whiten: true,
      exact: false,
      decay: 0.5,
      mining: { count: 5 },
      photos: [],
    });
  });

  it('complain by saying what they take', () => {
    const say = (key: string, value: unknown): string => {
      const issue = SCHEMA.safeParse({ ...startOf(fields), name: 'x', [key]: value }).error!.issues[0]!;
      return complaint(issue, field(key), value);
    };
    expect(say('epochs', 0)).toBe('A whole number from 1 to 1000 x');
    expect(say('epochs', 2.5)).toBe('A whole number from 1 to 1000 x');
    expect(say('size', 100)).toBe('A multiple of 32');
    expect(say('learningRate', -1)).toBe('A number from 1e-8 to 1');
    expect(say('loss', 'other')).toBe('Contrastive or Triplet');
    expect(say('name', '')).toBe('Needed');
    expect(complaint({ code: 'too_small', message: '' }, field('mining').fields[1]!, 0)).toBe('A whole number from 1');
  });

  it('are those of every job that a page starts, with bounds that its schema takes', () => {
    for (const job of Object.values(JOBS)) {
      const walk = (fields: readonly FormField[], shape: z.ZodObject): void => {
        for (const f of fields) {
          const inner = shape.shape[f.key] as z.ZodType;
          const name = `${job.kind} ${f.path.join('.')}`;
          expect(f.label, name).not.toBe('');
          if (f.kind === 'group') walk(f.fields, unwrap(inner).inner as z.ZodObject);
          for (const o of f.options)
            expect(inner.safeParse(f.kind === 'several' ? [o.value] : o.value).success, `${name} ${o.value}`).toBe(
              true,
            );
          if (f.kind === 'choice') expect(f.options.length, name).toBeGreaterThan(0);
          for (const bound of [f.min, f.max])
            if (bound !== undefined && f.whole) expect(inner.safeParse(bound).success, `${name} ${bound}`).toBe(true);
        }
      };
      walk(fieldsOf(job.params), job.params);
    }
  });

  it('make words of keys', () => {
    expect(wordsOf('queriesPerEpoch')).toBe('Queries per epoch');
    expect(wordsOf('edge-maps')).toBe('Edge maps');
  });
});

describe('KitForm', () => {
  afterEach(() => {
    document.body.replaceChildren();
  });
  const make = (start: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => {
    const draft = ref<Record<string, unknown>>(start);
    const sent: unknown[] = [];
    const values: unknown[] = [];
    const Held = defineComponent({
      setup: () => () =>
        h(
          KitForm<typeof SCHEMA>,
          {
            schema: SCHEMA,
            modelValue: draft.value,
            'onUpdate:modelValue': (v: Record<string, unknown>) => (draft.value = v),
            onSubmit: (v: unknown) => sent.push(v),
            onValue: (v: unknown) => values.push(v),
            ...more,
          },
          { foot: (p: { valid: boolean }) => h('button', { type: 'submit' }, p.valid ? 'ready' : 'not yet') },
        ),
    });
    const w = mount(Held, { attachTo: document.body });
    return { w, draft, sent, values, send: () => w.get('form').trigger('submit') };
  };
  const field = (w: ReturnType<typeof make>['w'], label: string) =>
    w.findAll('.kit-field').find((f) => f.get('label').text() === label)!;

  it('shows every kind with its input, label, help and placeholder', () => {
    const { w } = make();
    expect(field(w, 'Name').text()).toContain('How it is called');
    expect(field(w, 'Note').get('input').attributes('placeholder')).toBe('no note');
    expect(
      field(w, 'Loss')
        .findAll('[role=radio]')
        .map((r) => r.text()),
    ).toEqual(['Contrastive', 'Triplet']);
    expect(field(w, 'Computed by').get('select').element.value).toBe('auto');
    expect(field(w, 'Pooling').get('select').text()).toContain('the network’s own');
    expect(field(w, 'Epochs').get('input').attributes()).toMatchObject({ type: 'number', min: '1', max: '1000' });
    expect(field(w, 'Margin').get('input').attributes('placeholder')).toBe('by network');
    expect(field(w, 'Whiten').get('input').element.checked).toBe(true);
    expect(w.get('legend').text()).toBe('Mining');
    expect(field(w, 'Pool').exists()).toBe(true);
    // What needs a view's own input is not shown as something else.
    expect(field(w, 'Photos')).toBeUndefined();
  });

  it('gives what the schema makes of it, with its types', async () => {
    const { w, sent, send } = make();
    await field(w, 'Name').get('input').setValue('ResNet50');
    await field(w, 'Loss').findAll('[role=radio]')[1]!.trigger('click');
    await field(w, 'Pooling').get('select').setValue('gem');
    await field(w, 'Bits').get('select').setValue('32');
    await field(w, 'Epochs').get('input').setValue('7');
    await field(w, 'Margin').get('input').setValue('0.75');
    await field(w, 'Whiten').get('input').setValue(false);
    await field(w, 'Pool').get('input').setValue('40');
    await send();
    expect(sent).toEqual([
      {
        name: 'ResNet50',
        loss: 'triplet',
        backend: 'auto',
        pooling: 'gem',
        bits: 32,
        run: null,
        epochs: 7,
        size: 320,
        learningRate: 1e-5,
        margin: 0.75,
        whiten: false,
        exact: false,
        decay: 0.5,
        mining: { count: 5, pool: 40 },
        photos: [],
      },
    ]);
  });

  it('takes lists with commas, a word that stands for one, and some of a few', async () => {
    const draft = ref<Record<string, unknown>>({});
    const sent: unknown[] = [];
    const known = [{ value: 'ab', label: 'GeM' }];
    const w = mount(
      defineComponent({
        setup: () => () =>
          h(KitForm<typeof LISTS>, {
            schema: LISTS,
            modelValue: draft.value,
            'onUpdate:modelValue': (v: Record<string, unknown>) => (draft.value = v),
            onSubmit: (v: unknown) => sent.push(v),
          }),
      }),
      { attachTo: document.body, global: { provide: { [FIELD_CHOICES as symbol]: { network: () => known } } } },
    );
    expect(fieldsOf(LISTS).map((f) => [f.key, f.kind])).toEqual([
      ['scales', 'list'],
      ['drawn', 'list'],
      ['poolings', 'several'],
      ['network', 'known'],
    ]);
    const input = (name: string) => w.get<HTMLInputElement>(`input[name="${name}"]`);
    await input('scales').setValue('1, 0.707,0.5');
    await input('drawn').setValue('sketch; cartoon');
    await input('poolings.mac').setValue(false);
    await w.get('select').setValue('ab');
    await w.get('form').trigger('submit');
    expect(sent).toEqual([{ scales: [1, 0.707, 0.5], drawn: ['sketch', 'cartoon'], poolings: ['gem'], network: 'ab' }]);
    // What is written stays as it is, also where it says nothing yet.
    await input('scales').setValue('multi');
    await input('drawn').setValue(' , ');
    expect(draft.value).toMatchObject({ scales: 'multi' });
    expect('drawn' in draft.value).toBe(false);
    expect(input('drawn').element.value).toBe(' , ');
    // None at all is refused, and so is what is no number, in words.
    await input('poolings.gem').setValue(false);
    await input('scales').setValue('1, half');
    await w.get('form').trigger('submit');
    expect(sent).toHaveLength(1);
    expect(w.findAll('[role=alert]').map((e) => e.text())).toEqual([
      'Multi or numbers from 0.1 to 4 with commas between them',
      'One or more of MAC, GeM',
    ]);
    w.unmount();
  });

  it('an optional field that is emptied is not there, a nullable one is null', async () => {
    const { w, draft } = make({ margin: 0.5, run: 3, pooling: 'gem' });
    await field(w, 'Margin').get('input').setValue('');
    await field(w, 'Run').get('input').setValue('');
    await field(w, 'Pooling').get('select').setValue('');
    expect('margin' in draft.value).toBe(false);
    expect('pooling' in draft.value).toBe(false);
    expect(draft.value['run']).toBeNull();
  });

  it('says what is wrong at the field once it was touched, and everything once it is sent', async () => {
    const { w, sent, send } = make();
    expect(w.findAll('[role=alert]')).toHaveLength(0);
    await field(w, 'Epochs').get('input').setValue('0');
    expect(w.findAll('[role=alert]').map((e) => e.text())).toEqual(['A whole number from 1 to 1000 x']);
    await send();
    await flushPromises();
    expect(sent).toEqual([]);
    expect(field(w, 'Name').get('[role=alert]').text()).toBe('Needed');
    await new Promise((r) => setTimeout(r, 40));
    // The focus goes to the first that is wrong.
    expect(document.activeElement).toBe(field(w, 'Name').get('input').element);
  });

  it('folds away what is advanced, and opens the fold where something in it is wrong', async () => {
    const { w } = make();
    const fold = w.get('details');
    expect(fold.get('summary').text()).toBe('More');
    expect(fold.findAll('label').map((l) => l.text())).toEqual(['Decay']);
    expect(fold.attributes('open')).toBeUndefined();
    await fold.get('input').setValue('7');
    expect(w.get('details').attributes('open')).toBeDefined();
  });

  it('leaves a group out of which nothing is said', async () => {
    const schema = z.strictObject({ mining: z.strictObject({ pool: z.int().min(1).optional() }).optional() });
    const draft = ref<Record<string, unknown>>({});
    const w = mount(
      defineComponent({
        setup: () => () =>
          h(KitForm<typeof schema>, {
            schema,
            modelValue: draft.value,
            'onUpdate:modelValue': (v: Record<string, unknown>) => (draft.value = v),
          }),
      }),
    );
    await w.get('input').setValue('4');
    expect(draft.value).toEqual({ mining: { pool: 4 } });
    await w.get('input').setValue('');
    expect(draft.value).toEqual({});
  });

  it('says it in a group, too', async () => {
    const { w } = make();
    await field(w, 'Count').get('input').setValue('1000');
    expect(field(w, 'Count').get('[role=alert]').text()).toBe('A whole number from 1 to 100');
  });

  it('an emptied field that is needed is wrong, not zero', async () => {
    const { w, draft } = make();
    await field(w, 'Epochs').get('input').setValue('');
    expect(draft.value['epochs']).toBeNull();
    expect(field(w, 'Epochs').get('[role=alert]').text()).toBe('A whole number from 1 to 1000 x');
  });

  it('tells its value whenever it is whole, and null otherwise', async () => {
    const { w, values } = make();
    expect(values.at(-1)).toBeNull();
    await field(w, 'Name').get('input').setValue('a');
    expect(values.at(-1)).toMatchObject({ name: 'a', epochs: 5 });
    await field(w, 'Epochs').get('input').setValue('-3');
    expect(values.at(-1)).toBeNull();
    expect(w.get('button[type=submit]').text()).toBe('not yet');
  });

  it('keeps what it was given over the defaults, group by group', () => {
    const { draft } = make({ epochs: 9, mining: { pool: 3 } });
    expect(draft.value).toMatchObject({ epochs: 9, size: 320, mining: { count: 5, pool: 3 } });
  });

  it('hides what a view shows itself, and takes a view’s own input for a field', async () => {
    const draft = ref<Record<string, unknown>>({});
    const w = mount(
      defineComponent({
        setup: () => () =>
          h(
            KitForm<typeof SCHEMA>,
            {
              schema: SCHEMA,
              without: ['name', 'mining.pool'],
              modelValue: draft.value,
              'onUpdate:modelValue': (v: Record<string, unknown>) => (draft.value = v),
            },
            {
              'field-photos': (p: { field: { label: string }; set: (v: unknown) => void }) =>
                h('button', { id: 'own', onClick: () => p.set(['x']) }, p.field.label),
              'field-mining.count': () => h('em', { id: 'inner' }),
            },
          ),
      }),
    );
    const labels = w.findAll('label').map((l) => l.text());
    expect(labels).not.toContain('Name');
    expect(labels).not.toContain('Pool');
    await w.get('#own').trigger('click');
    expect(draft.value['photos']).toEqual(['x']);
    expect(w.find('fieldset #inner').exists()).toBe(true);
  });
});
