import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { looksDrawn, readDomains, shortNames } from '../../../src/main/engine/domains/domain-folder.ts';
import { domainNetworks, libraryDomainNetworks } from '../../../src/main/engine/domains/domain-networks.ts';
import { domainGeneralisation } from '../../../src/main/engine/domains/generalisation.ts';
import { minimise } from '../../../src/main/engine/domains/lbfgs.ts';
import { accuracy, classify, fitLogistic } from '../../../src/main/engine/domains/logistic.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { chooseDefault } from '../../../src/main/engine/network/default-network.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { ensureDefaultNetwork, storeNetwork } from '../../../src/main/engine/network/networks.ts';
import { encodeOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
/** Folders with empty files of these names. */
function tree(name: string, files: readonly string[]): string {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  for (const f of files) {
    mkdirSync(join(root, f, '..'), { recursive: true });
    if (!f.endsWith('/')) writeFileSync(join(root, f), '');
  }
  return root;
}
const refusal = (root: string): { code: string; message: string } => {
  try {
    readDomains(root);
  } catch (error) {
    return error as { code: string; message: string };
  }
  return { code: '', message: '' };
};

describe('a folder of domains', () => {
  it('is domains of classes of images, in the order of their names', () => {
    const root = tree('good', [
      'b/cat/2.jpg',
      'b/cat/1.jpg',
      'b/dog/x.png',
      'a/dog/1.jpg',
      'a/cat/y.jpg',
      'a/cat/readme.txt',
      'a/bird/1.jpg',
      '.hidden/cat/1.jpg',
      'a/.cache/1.jpg',
      'b/bird/nothing.txt',
      'loose.jpg',
    ]);
    const found = readDomains(root);
    expect(found.domains).toEqual(['a', 'b']);
    expect(found.classes).toEqual(['cat', 'dog']);
    expect(found.warnings).toEqual(['Class bird is left out: b has no image of it']);
    expect(found.images).toEqual([
      { file: join(root, 'a', 'cat', 'y.jpg'), domain: 0, label: 0 },
      { file: join(root, 'a', 'dog', '1.jpg'), domain: 0, label: 1 },
      { file: join(root, 'b', 'cat', '1.jpg'), domain: 1, label: 0 },
      { file: join(root, 'b', 'cat', '2.jpg'), domain: 1, label: 0 },
      { file: join(root, 'b', 'dog', 'x.png'), domain: 1, label: 1 },
    ]);
  });

  it('needs two domains and two classes that both have, and is a folder', () => {
    expect(refusal(join(folder, 'none')).code).toBe('INPUT_MISSING');
    expect(refusal(join(tree('file', ['x.jpg']), 'x.jpg')).code).toBe('INPUT_MISSING');
    expect(refusal(tree('one', ['a/cat/1.jpg', 'a/dog/1.jpg']))).toMatchObject({
      code: 'INPUT_INVALID',
      message: 'At least two domains are needed',
    });
    expect(refusal(tree('class', ['a/cat/1.jpg', 'a/dog/1.jpg', 'b/cat/1.jpg']))).toMatchObject({
      code: 'INPUT_INVALID',
      message: 'The domains a, b have fewer than two classes in common',
    });
    const three = tree('three', [
      'a/c/1.jpg',
      'a/d/1.jpg',
      'a/e/1.jpg',
      'b/c/1.jpg',
      'b/d/1.jpg',
      'g/c/1.jpg',
      'g/d/1.jpg',
    ]);
    expect(readDomains(three).warnings).toEqual(['Class e is left out: b, g have no image of it']);
  });

  it('has short names and drawings by name', () => {
    expect(shortNames(['art', 'Cartoon', 'photo'])).toEqual(['A', 'C', 'P']);
    expect(shortNames(['art', 'Apple'])).toEqual(['art', 'Apple']);
    expect(['sketch', 'My Drawings', 'QuickDraw', 'doodles', 'photo', 'raw'].map(looksDrawn)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('has no drawings of domains that it does not have', async () => {
    const networks = domainNetworks({ pretrained: undefined, fineTuned: undefined, edges: undefined });
    await expect(
      domainGeneralisation(
        networks,
        { folder: join(folder, 'good'), drawn: ['a', 'x', 'y'], seeds: 1 },
        silentContext(),
      ),
    ).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'There is no domain x, y',
      hint: 'The domains are a, b.',
    });
  });
});

describe('the networks of an experiment', () => {
  const none = { pretrained: undefined, fineTuned: undefined, edges: undefined };
  it('are the embedded ones, or files where files are named', () => {
    const plain = domainNetworks(none);
    expect(plain.pretrained.spec).toEqual(embeddedNetwork('photos').spec);
    expect(plain.fineTuned.spec).toEqual(embeddedNetwork('fine-tuned').spec);
    expect(plain.edges.spec.edges).toBeDefined();
    const write = (name: string, which: 'photos' | 'fine-tuned' | 'edges'): string => {
      writeFileSync(join(folder, name), encodeOnnx(embeddedNetwork(which).graph));
      return join(folder, name);
    };
    const [photos, tuned, edges] = [write('p.onnx', 'photos'), write('f.onnx', 'fine-tuned'), write('e.onnx', 'edges')];
    expect(domainNetworks({ ...none, pretrained: tuned }).pretrained.spec.name).toBe(plain.fineTuned.spec.name);
    expect(domainNetworks({ ...none, fineTuned: photos }).fineTuned.spec.name).toBe(plain.pretrained.spec.name);
    expect(domainNetworks({ ...none, edges }).edges.spec.edges).toEqual(plain.edges.spec.edges);
    // A network of photos becomes one of edges; the other way there is none.
    expect(domainNetworks({ ...none, edges: photos }).edges.spec.edges).toBeDefined();
    for (const wrong of [{ pretrained: edges }, { fineTuned: edges }])
      expect(() => domainNetworks({ ...none, ...wrong })).toThrow(
        expect.objectContaining({
          code: 'INPUT_INVALID',
          message: expect.stringContaining('takes edge maps') as string,
        }),
      );
    expect(() => domainNetworks({ ...none, edges: join(folder, 'nowhere.onnx') })).toThrow();
  });

  it("are the library's own default ones where it has such", async () => {
    const library = Library.create(join(folder, 'library'));
    const start = ensureDefaultNetwork(library);
    const before = await libraryDomainNetworks(library, none);
    expect(before.pretrained.spec.name).toBe(start.spec.name);
    expect(before.fineTuned.spec).toEqual(embeddedNetwork('fine-tuned').spec);
    const photos = embeddedNetwork('photos');
    // Not every network of photos was fine-tuned.
    const other = storeNetwork(library, photos.graph, { ...photos.spec, name: 'other', origin: 'imported' }, null);
    expect((await libraryDomainNetworks(library, none)).fineTuned.spec.name).toBe(before.fineTuned.spec.name);
    const tuned = storeNetwork(
      library,
      photos.graph,
      { ...photos.spec, name: 'tuned', origin: 'x, fine-tuned on y' },
      null,
    );
    // Nor is the newest one the library's own.
    expect((await libraryDomainNetworks(library, none)).fineTuned.spec.name).toBe(before.fineTuned.spec.name);
    chooseDefault(library, tuned);
    const own = embeddedNetwork('edges');
    const edges = storeNetwork(library, own.graph, { ...own.spec, name: 'own edges' }, null);
    const now = await libraryDomainNetworks(library, none);
    expect([now.pretrained.spec.name, now.fineTuned.spec.name, now.edges.spec.name]).toEqual([
      start.spec.name,
      'tuned',
      'own edges',
    ]);
    const named = await libraryDomainNetworks(library, {
      pretrained: tuned.uid,
      fineTuned: other.uid,
      edges: other.uid,
    });
    expect([named.pretrained.spec.name, named.fineTuned.spec.name]).toEqual(['tuned', 'other']);
    expect(named.edges.spec.edges).toBeDefined();
    expect(named.edges.spec.name).not.toBe('own edges');
    await expect(libraryDomainNetworks(library, { ...none, fineTuned: edges.uid })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    library.close();
  });
});

describe('L-BFGS', () => {
  it('takes step lengths by the weak Wolfe conditions: decrease 1e-4, curvature 0.9', () => {
    // Along a line the first trial is a unit step; slopes there decide.
    const tried = (f: (x: number) => [number, number], iterations = 1): number[] => {
      const at: number[] = [];
      minimise(
        (x, g) => {
          at.push(x[0]!);
          const [v, d] = f(x[0]!);
          g[0] = d;
          return v;
        },
        Float64Array.of(0),
        { iterations },
      );
      return at;
    };
    // Slope -1 at the start. Slope -0.91 at 1 is too steep still: the step is doubled; -0.89 is enough.
    const bend =
      (slope: number) =>
      (x: number): [number, number] => [-x + (x * x * (1 + slope)) / 2, -1 + (1 + slope) * x];
    expect(tried(bend(-0.91)).slice(0, 3)).toEqual([0, 1, 2]);
    expect(tried(bend(-0.89))).toEqual([0, 1]);
    // A step that falls by less than a ten thousandth of what the slope says is halved.
    const flat =
      (fall: number) =>
      (x: number): [number, number] => [x === 0 ? 0 : x === 1 ? -fall : -x, x === 0 ? -1 : 0];
    expect(tried(flat(0.9e-4))).toEqual([0, 1, 0.5]);
    expect(tried(flat(1.1e-4))).toEqual([0, 1]);
    // At the very bound it has fallen enough.
    expect(tried(flat(1e-4))).toEqual([0, 1]);
  });

  it('has its defaults: a tolerance of 1e-5 and 500 iterations', () => {
    // Where slopes never fall under the tolerance it goes on to the end, by pieces that get ever flatter.
    const steep = (tolerance?: number): { iterations: number; converged: boolean } =>
      minimise(
        (x, g) => {
          g[0] = 2e-5;
          return 2e-5 * x[0]!;
        },
        Float64Array.of(0),
        tolerance === undefined ? {} : { tolerance },
      );
    expect(steep(2e-5)).toMatchObject({ iterations: 0, converged: true });
    expect(steep(1.9e-5).converged).toBe(false);
    expect(steep().converged).toBe(false);
    const nearly = minimise((x, g) => {
      g[0] = 1e-5;
      return 1e-5 * x[0]!;
    }, Float64Array.of(0));
    expect(nearly).toMatchObject({ iterations: 0, converged: true });
  });
});

describe('a classifier', () => {
  it('of no features is the share of each class', () => {
    const x = { data: new Float32Array(8), rows: 8, dim: 1 };
    const labels = [0, 0, 0, 0, 1, 1, 2, 2];
    const { weights } = fitLogistic(x, labels, [0, 1, 2, 3, 4, 5, 6, 7], 3, 0.1);
    expect(weights.length).toBe(6);
    const share = [3, 4, 5].map((i) => Math.exp(weights[i]!));
    const sum = share[0]! + share[1]! + share[2]!;
    [0.5, 0.25, 0.25].forEach((p, c) => expect(share[c]! / sum).toBeCloseTo(p, 3));
    expect([...weights.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('gives the first of equal scores, and judges the rows that it is asked for', () => {
    const model = { classes: 2, dim: 1, weights: Float64Array.of(1, -1, 0, 0) };
    const x = { data: Float32Array.of(-2, 0, 3), rows: 3, dim: 1 };
    expect([0, 1, 2].map((i) => classify(model, x, i))).toEqual([1, 0, 0]);
    expect(accuracy(model, x, [1, 1, 0], [0, 1, 2])).toBeCloseTo(2 / 3, 12);
    expect(accuracy(model, x, [1, 1, 0], [1])).toBe(0);
    const biased = { classes: 2, dim: 1, weights: Float64Array.of(1, -1, 0, 1) };
    expect(classify(biased, x, 1)).toBe(1);
  });
});
