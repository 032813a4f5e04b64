/**
 * Where a program can be broken by one small change, and the change. A mutant is a piece of source text and what stands
 * there instead; the operators are those of the literature (relational, logical, arithmetic, constants, conditions,
 * returned values, removed statements, bounds of slices), left out where the compiler would refuse the result.
 */
import ts from 'typescript';

export interface Mutant {
  /** Path from the root of the project, with slashes. */
  readonly file: string;
  /** Offsets of the replaced text. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly operator: string;
  /** The innermost function with a name around the place, by which tests are found that run it; none at top level. */
  readonly inFunction: string | undefined;
  /** 1-based. */
  readonly line: number;
  /** The lines that the change touches, before and after, without indentation. */
  readonly code: string;
  readonly mutated: string;
}

const RELATIONAL = new Map<ts.SyntaxKind, string[]>([
  [ts.SyntaxKind.LessThanToken, ['<=', '>=']],
  [ts.SyntaxKind.LessThanEqualsToken, ['<', '>']],
  [ts.SyntaxKind.GreaterThanToken, ['>=', '<=']],
  [ts.SyntaxKind.GreaterThanEqualsToken, ['>', '<']],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, ['!==']],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, ['===']],
]);

const ARITHMETIC = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
  [ts.SyntaxKind.PercentToken, '*'],
  [ts.SyntaxKind.PlusEqualsToken, '-='],
  [ts.SyntaxKind.MinusEqualsToken, '+='],
  [ts.SyntaxKind.AsteriskEqualsToken, '/='],
  [ts.SyntaxKind.SlashEqualsToken, '*='],
  [ts.SyntaxKind.LessThanLessThanToken, '>>'],
  [ts.SyntaxKind.GreaterThanGreaterThanToken, '<<'],
  [ts.SyntaxKind.AmpersandToken, '|'],
  [ts.SyntaxKind.BarToken, '&'],
]);

/** Calls that only tell a person how far something is, and texts that only a person reads. */
const SPOKEN = new Set(['warn', 'step', 'progress', 'log', 'describe', 'meta', 'write']);

/** All mutants of a source file, in the order of the text. `checker` knows the types of its expressions. */
export function mutantsOf(source: ts.SourceFile, file: string, checker: ts.TypeChecker): Mutant[] {
  const text = source.text;
  const found: Mutant[] = [];
  const add = (start: number, end: number, replacement: string, operator: string, node: ts.Node): void => {
    const from = text.lastIndexOf('\n', start - 1) + 1;
    const stop = text.indexOf('\n', end);
    const until = stop < 0 ? text.length : stop;
    found.push({
      file,
      start,
      end,
      replacement,
      operator,
      inFunction: enclosingName(node),
      line: source.getLineAndCharacterOfPosition(start).line + 1,
      code: squeeze(text.slice(from, until)),
      mutated: squeeze(text.slice(from, start) + replacement + text.slice(end, until)),
    });
  };
  const replace = (node: ts.Node, replacement: string, operator: string): void =>
    add(node.getStart(source), node.getEnd(), replacement, operator, node);
  const typeOf = (node: ts.Node): ts.Type => checker.getTypeAtLocation(node);
  const isNumeric = (node: ts.Node): boolean =>
    (typeOf(node).flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike)) !== 0;

  const condition = (node: ts.Expression, forced: readonly string[]): void => {
    if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) return;
    for (const value of forced) replace(node, value, 'condition');
  };

  const visit = (node: ts.Node): void => {
    if (isSilent(node, source)) {
      // What is spoken is silent; what it is spoken of is not: `z.int().min(1).meta({ … })`.
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression))
        visit(node.expression.expression);
      return;
    }
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken;
      const swap = (to: string, kind: string): void =>
        add(operator.getStart(source), operator.getEnd(), to, kind, node);
      for (const to of RELATIONAL.get(operator.kind) ?? []) swap(to, 'relation');
      if (operator.kind === ts.SyntaxKind.AmpersandAmpersandToken) swap('||', 'logic');
      if (operator.kind === ts.SyntaxKind.BarBarToken) swap('&&', 'logic');
      const arithmetic = ARITHMETIC.get(operator.kind);
      if (arithmetic !== undefined && isNumeric(node.left) && isNumeric(node.right)) swap(arithmetic, 'arithmetic');
    }
    if (ts.isPrefixUnaryExpression(node)) {
      if (node.operator === ts.SyntaxKind.ExclamationToken) replace(node, node.operand.getText(source), 'logic');
      if (node.operator === ts.SyntaxKind.MinusToken && !ts.isNumericLiteral(node.operand))
        replace(node, node.operand.getText(source), 'arithmetic');
    }
    if (ts.isNumericLiteral(node) && !isName(node)) replace(node, otherNumber(node.text), 'constant');
    if (ts.isIfStatement(node)) condition(node.expression, ['true', 'false']);
    if (ts.isConditionalExpression(node)) condition(node.condition, ['true', 'false']);
    if (ts.isWhileStatement(node)) condition(node.expression, ['false']);
    if (ts.isForStatement(node) && node.condition !== undefined) condition(node.condition, ['false']);
    if (ts.isReturnStatement(node) && node.expression !== undefined) {
      const nothing = emptyOf(typeOf(node.expression), checker, node.expression.getText(source));
      if (nothing !== undefined) replace(node.expression, nothing, 'return');
    }
    if (ts.isExpressionStatement(node) && isCall(node.expression)) replace(node, ';', 'removal');
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const name = node.expression.name;
      if (node.expression.expression.getText(source) === 'Math' && (name.text === 'min' || name.text === 'max'))
        add(name.getStart(source), name.getEnd(), name.text === 'min' ? 'max' : 'min', 'extremum', node);
      if (name.text === 'slice' || name.text === 'subarray')
        for (const bound of node.arguments)
          if (!ts.isNumericLiteral(bound) && isNumeric(bound))
            replace(bound, `(${bound.getText(source)}) + 1`, 'bound');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.sort((a, b) => a.start - b.start || a.end - b.end || (a.replacement < b.replacement ? -1 : 1));
}

/** Types, imports, and what only a person reads: messages of errors, warnings, names of steps, help. */
function isSilent(node: ts.Node, source: ts.SourceFile): boolean {
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return true;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true;
  if (ts.isThrowStatement(node)) return true;
  if (ts.isNewExpression(node)) return /Error$/.test(node.expression.getText(source));
  if (ts.isCallExpression(node)) {
    const callee = node.expression;
    const name = ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText(source);
    return SPOKEN.has(name);
  }
  return false;
}

function isCall(node: ts.Expression): boolean {
  const inner = ts.isAwaitExpression(node) ? node.expression : node;
  return ts.isCallExpression(inner) && inner.expression.kind !== ts.SyntaxKind.SuperKeyword;
}

/** Numbers that are names of properties, not values. */
function isName(node: ts.NumericLiteral): boolean {
  return ts.isPropertyAssignment(node.parent) && node.parent.name === node;
}

function otherNumber(text: string): string {
  const value = Number(text);
  if (!Number.isInteger(value)) return String(value * 1.5);
  return text.startsWith('0x') ? `0x${(value + 1).toString(16)}` : String(value + 1);
}

/** The least value of a type, or none where there is no plain one or the expression is it already. */
function emptyOf(type: ts.Type, checker: ts.TypeChecker, text: string): string | undefined {
  let value: string | undefined;
  if (type.isUnion() && type.types.some((t) => (t.flags & ts.TypeFlags.Undefined) !== 0)) value = 'undefined';
  else if ((type.flags & ts.TypeFlags.BooleanLike) !== 0) value = text === 'false' ? 'true' : 'false';
  else if ((type.flags & ts.TypeFlags.NumberLike) !== 0) value = '0';
  else if (checker.isArrayType(type)) value = '[]';
  return value === text ? undefined : value;
}

function enclosingName(node: ts.Node): string | undefined {
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) {
    if ((ts.isFunctionDeclaration(at) || ts.isFunctionExpression(at)) && at.name !== undefined) return at.name.text;
    if (ts.isConstructorDeclaration(at)) return at.parent.name?.text;
    if ((ts.isMethodDeclaration(at) || ts.isAccessor(at)) && ts.isIdentifier(at.name)) return at.name.text;
    if (ts.isArrowFunction(at) && ts.isVariableDeclaration(at.parent) && ts.isIdentifier(at.parent.name))
      return at.parent.name.text;
  }
  return undefined;
}

const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim();
