import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { mutantsOf } from '../../../scripts/mutate/points.ts';

/** Mutated lines of a small program, as `code -> mutated`. */
function mutants(code: string): string[] {
  const name = '/program.ts';
  const source = ts.createSourceFile(name, code, ts.ScriptTarget.ES2024, true);
  const host: ts.CompilerHost = {
    getSourceFile: (file) => (file === name ? source : undefined),
    getDefaultLibFileName: () => '/lib.d.ts',
    writeFile: () => undefined,
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (file) => file,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    fileExists: (file) => file === name,
    readFile: () => undefined,
  };
  const program = ts.createProgram([name], { noLib: true, strict: true }, host);
  return mutantsOf(source, 'program.ts', program.getTypeChecker()).map((m) => {
    // The change makes of the code what the line says.
    const whole = code.slice(0, m.start) + m.replacement + code.slice(m.end);
    expect(whole.replace(/\s+/g, ' ')).toContain(m.mutated);
    return m.mutated;
  });
}

describe('points of mutation', () => {
  it('are boundaries, and conditions forced either way', () => {
    expect(mutants('declare const a: number;\nif (a < 2) a;')).toEqual([
      'if (false) a;',
      'if (true) a;',
      'if (a <= 2) a;',
      'if (a >= 2) a;',
      'if (a < 3) a;',
    ]);
  });

  it('are arithmetic of numbers, and never of text', () => {
    expect(mutants('declare const a: number, s: string;\nconst b = a + a;')).toEqual(['const b = a - a;']);
    expect(mutants('declare const a: number, s: string;\nconst b = s + a;')).toEqual([]);
    expect(mutants('declare const a: number;\nconst b = -a * 0.5;')).toEqual([
      'const b = a * 0.5;',
      'const b = -a / 0.5;',
      'const b = -a * 0.75;',
    ]);
  });

  it('are calls that are left out, and values that are not given back', () => {
    expect(mutants('declare function go(): void;\ngo();')).toEqual([';']);
    expect(mutants('declare const b: boolean;\nfunction f(): boolean {\n  return b;\n}')).toEqual(['return false;']);
  });

  it('are not what only a person reads, nor types', () => {
    expect(
      mutants('declare const a: number;\nif (a !== a) throw new Error(`${a + 1}`);').some((m) => m.includes('a - 1')),
    ).toBe(false);
    expect(mutants('type T = 1 | 2;\ninterface I { readonly a: 3 }')).toEqual([]);
  });

  it('know the function that they stand in', () => {
    const source = ts.createSourceFile(
      'p.ts',
      'const f = (a: number) => [1].map((b) => a + b);',
      ts.ScriptTarget.ES2024,
      true,
    );
    const program = ts.createProgram([], {});
    expect(mutantsOf(source, 'p.ts', program.getTypeChecker()).map((m) => m.inFunction)).toEqual(['f']);
  });
});
