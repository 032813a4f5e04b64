export function nodePackage(platform?: string, arch?: string): { name: string; file: string } | undefined;
export function engineFile(path: string, root?: string): string;
/** What Node is told for the engine. */
export const ENGINE_FLAGS: readonly string[];
export function engineEnvironment(more?: Readonly<Record<string, string>>, lasts?: boolean): NodeJS.ProcessEnv;
export function engineNode(root?: string): string;
export function runOnEngineNode(script: string, args: readonly string[]): void;
