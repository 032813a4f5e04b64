import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../../src/main/engine/collections/content.ts';

const of = (text: string): string => createHash('sha256').update(text).digest('hex');
const a = { sha256: of('a'), path: 'photos/a.jpg', fields: { title: ['Tower', 'Turm'] } };
const b = { sha256: of('b'), path: 'photos/b.jpg', fields: {} };

describe('the digest of a version', () => {
  it('is that of the lines written out', () => {
    const members = [`${a.sha256}  photos/a.jpg\n`, `${b.sha256}  photos/b.jpg\n`].sort().join('');
    const said = '\tcreator\t["Ada"]\nphotos/a.jpg\ttitle\t["Tower","Turm"]\n';
    expect(contentDigest([b, a], { creator: ['Ada'] })).toBe(of(members + said));
  });
  it('does not know in which order photos or fields came', () => {
    const fields = { x: ['1'], y: ['2'] };
    expect(contentDigest([a, b], fields)).toBe(contentDigest([b, a], { y: ['2'], x: ['1'] }));
  });
  it('notices another photo, another path, another word, another order of values', () => {
    const digests = [
      contentDigest([a, b], {}),
      contentDigest([a], {}),
      contentDigest([{ ...a, path: 'photos/c.jpg' }, b], {}),
      contentDigest([{ ...a, fields: { title: ['Turm', 'Tower'] } }, b], {}),
      contentDigest([{ ...a, fields: {} }, b], {}),
      contentDigest([a, b], { title: ['Tower', 'Turm'] }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });
});
