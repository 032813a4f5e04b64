import { dirname, join, relative } from 'node:path';
import { refusal } from '../../rooms.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const fromRoot = (path) => relative(ROOT, path).replaceAll('\\', '/');

/** `import.meta.url` */
const isHere = (node) =>
  node?.type === 'MemberExpression' && node.object.type === 'MetaProperty' && node.property.name === 'url';

/** The beginning of a text that is known without running anything. */
const known = (node) =>
  node?.type === 'Literal' && typeof node.value === 'string'
    ? node.value
    : node?.type === 'TemplateLiteral'
      ? node.quasis[0].value.cooked
      : undefined;

/**
 * Holds the layers of rooms.mjs for files that are named by `new URL('./x.ts', import.meta.url)`: workers, kernels. Such names are no
 * imports, so dependency-cruiser does not follow them.
 */
export const workerLayers = {
  meta: { type: 'problem', schema: [], messages: { refused: '{{layer}}: {{why}}' } },
  create(context) {
    return {
      NewExpression(node) {
        const [name, base] = node.arguments;
        const text = known(name);
        if (node.callee.name !== 'URL' || !isHere(base) || !text?.startsWith('.')) return;
        // A name that is known up to a folder stands for any file in it.
        const to = fromRoot(join(dirname(context.filename), text)) + (text.endsWith('/') ? '/' : '');
        const layer = refusal(fromRoot(context.filename), to);
        if (layer !== undefined)
          context.report({ node, messageId: 'refused', data: { layer: layer.name, why: layer.why } });
      },
    };
  },
};
