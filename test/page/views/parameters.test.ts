import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import MethodParameters from '../../../src/renderer/views/search/MethodParameters.vue';
import { parametersIn, readBy } from '../../../src/renderer/views/search/asked-parameters.ts';
import { parameterFields } from '../../../src/renderer/views/search/method-parameters.ts';
import { METHODS as MEASURED } from '../../../src/renderer/views/search/methods.ts';
import { measureFields } from '../../../src/renderer/views/measure/measure-fields.ts';
import { fieldsOf } from '../../../src/renderer/kit/schema-fields.ts';
import { METHODS, SEARCH_METHODS } from '../../../src/shared/methods/index.ts';
import { methodParameters, parametersOf } from '../../../src/shared/methods/parameters.ts';

afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

describe('what methods read', () => {
  it('are of the methods that rank descriptors, where something is measured', () => {
    expect(MEASURED).toEqual(METHODS);
  });

  it.each(SEARCH_METHODS.map((m) => [m]))(
    '%s: each parameter is a field, with its default as what holds otherwise',
    (method) => {
      const schema = parameterFields([method]);
      const fields = schema === null ? [] : fieldsOf(schema);
      expect(fields.map((f) => f.key).sort()).toEqual(
        parametersOf(method)
          .map((p) => p.name)
          .sort(),
      );
      for (const f of fields) {
        expect(f.kind, f.key).toBe('number');
        expect(f.otherwise, f.key).toContain(String(parametersOf(method).find((p) => p.name === f.key)!.initial));
        // What the form takes, the method takes, too.
        for (const bound of [f.min, f.max])
          if (bound !== undefined && f.whole) expect(() => methodParameters(method, { [f.key]: bound })).not.toThrow();
      }
    },
  );

  it('of several methods are those of all, each told apart where defaults differ', () => {
    const fields = fieldsOf(parameterFields(['fsr', 'hybrid', 'aqe'])!);
    const keys = new Set(['fsr', 'hybrid', 'aqe'].flatMap((m) => parametersOf(m as 'fsr').map((p) => p.name)));
    expect(new Set(fields.map((f) => f.key))).toEqual(keys);
    expect(fields.find((f) => f.key === 'rank')!.otherwise).toMatch(
      /Diffusion, spectral: 500.*; Diffusion, hybrid: 40/,
    );
    expect(parameterFields(['cosine'])).toBeNull();
  });

  it('are given to those that read them, and read out of an address', () => {
    const given = { k: 20, expansion: 3 };
    expect(readBy('cg', given)).toEqual({ k: 20 });
    expect(readBy('aqe', given)).toEqual({ expansion: 3 });
    expect(readBy('cosine', given)).toEqual({});
    expect(parametersIn({ k: '20', gamma: '', alpha: 'x', photo: '5', rank: '0' })).toEqual({ k: 20, rank: 0 });
  });

  it('are asked of a measurement with size and seed, and the size not of an imported set', () => {
    const keys = (ofSet: boolean, ...methods: (typeof METHODS)[number][]) =>
      Object.keys(measureFields(methods, ofSet).shape);
    expect(keys(false, 'cg', 'cosine')).toEqual(['ranking', 'size', 'seed', 'backend']);
    expect(keys(true, 'cosine')).toEqual(['seed', 'backend']);
    expect(measureFields(['cg'], false).safeParse({ ranking: { k: 0 } }).success).toBe(false);
  });
});

describe('the parameters of a search', () => {
  const make = (given: Record<string, number>, size: number | null | undefined = undefined) =>
    mount(MethodParameters, { attachTo: document.body, props: { methods: ['cg'], given, size } });

  it('go into the address once the hand rests, and not while something is wrong', async () => {
    vi.useFakeTimers();
    const w = make({});
    const details = w.get<HTMLDetailsElement>('details');
    expect(details.attributes('open')).toBeUndefined();
    // Nobody waits for the form before it is unfolded.
    expect(w.find('input').exists()).toBe(false);
    details.element.open = true;
    await details.trigger('toggle');
    await vi.waitFor(() => expect(w.find('input[name="k"]').exists()).toBe(true));
    await w.get('input[name="k"]').setValue('2');
    await w.get('input[name="k"]').setValue('20');
    expect(w.emitted('say')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1000);
    expect(w.emitted('say')).toHaveLength(1);
    expect(w.emitted('say')![0]).toEqual([expect.objectContaining({ k: '20', gamma: undefined, size: undefined })]);
    await w.get('input[name="k"]').setValue('0');
    await vi.advanceTimersByTimeAsync(1000);
    expect(w.emitted('say')).toHaveLength(1);
    expect(w.get('[role=alert]').text()).toBe('A whole number from 1 to 10000');
  });

  it('stand open where some are set, follow the address, and are let go at once', async () => {
    const w = make({ k: 20 }, 160);
    expect(w.get('summary').text()).toBe('Parameters: 2 set');
    await vi.waitFor(() => expect(w.find('input[name="k"]').exists()).toBe(true));
    expect(w.get<HTMLInputElement>('input[name="k"]').element.value).toBe('20');
    expect(w.get<HTMLInputElement>('input[name="size"]').element.value).toBe('160');
    await w.setProps({ given: { k: 30, gamma: 2 } });
    await flushPromises();
    expect(w.get<HTMLInputElement>('input[name="k"]').element.value).toBe('30');
    await w.get('[data-test=own-parameters]').trigger('click');
    const [said] = w.emitted('say')!.at(-1) as [Record<string, unknown>];
    expect(Object.keys(said)).toContain('size');
    expect(Object.values(said).every((v) => v === undefined)).toBe(true);
  });

  it('are none where the method reads none and descriptors are of no network', () => {
    const w = mount(MethodParameters, { props: { methods: ['cosine'], given: {}, size: null } });
    expect(w.find('details').exists()).toBe(false);
  });
});
