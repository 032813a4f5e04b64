export function engineNode(root?: string): string;
export function runOnEngineNode(script: string, args: readonly string[]): void;
