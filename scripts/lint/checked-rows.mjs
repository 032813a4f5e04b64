/** Methods of a prepared statement that give rows. */
const READS = new Set(['get', 'all', 'iterate', 'pluck', 'raw', 'expand']);

/** True where an expression is a chain that begins with `….prepare(…)`. */
function isPrepared(node) {
  if (node?.type === 'TSAsExpression' || node?.type === 'TSNonNullExpression') return isPrepared(node.expression);
  if (node?.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  return node.callee.property.name === 'prepare' || isPrepared(node.callee.object);
}

/**
 * Rows of the database are looked at where they enter: statements that give rows are made by `select` of engine/library/rows.ts, which
 * knows what each column holds. `prepare` is for statements that write and give nothing back.
 */
export const checkedRows = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { unchecked: 'Read rows by select() of library/rows.ts, which checks what they hold.' },
  },
  create(context) {
    const fields = new Set();
    const calls = [];
    const name = (node) =>
      node.type === 'MemberExpression' && node.object.type === 'ThisExpression' ? node.property.name : undefined;
    return {
      AssignmentExpression(node) {
        if (name(node.left) !== undefined && isPrepared(node.right)) fields.add(name(node.left));
      },
      PropertyDefinition(node) {
        if (isPrepared(node.value)) fields.add(node.key.name);
      },
      CallExpression(node) {
        if (node.callee.type === 'MemberExpression' && READS.has(node.callee.property.name)) calls.push(node);
      },
      'Program:exit'() {
        for (const node of calls) {
          const on = node.callee.object;
          let prepared = isPrepared(on) || fields.has(name(on));
          if (on.type === 'Identifier') {
            let scope = context.sourceCode.getScope(node);
            let variable;
            while (scope !== null && variable === undefined) {
              variable = scope.set.get(on.name);
              scope = scope.upper;
            }
            prepared =
              variable?.defs.some((d) => d.node.type === 'VariableDeclarator' && isPrepared(d.node.init)) ?? false;
          }
          if (prepared) context.report({ node, messageId: 'unchecked' });
        }
      },
    };
  },
};
