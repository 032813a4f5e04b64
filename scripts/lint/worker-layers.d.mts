import type { Rule } from 'eslint';

export const workerLayers: Rule.RuleModule;
