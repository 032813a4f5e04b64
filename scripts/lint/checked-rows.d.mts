import type { Rule } from 'eslint';

export const checkedRows: Rule.RuleModule;
