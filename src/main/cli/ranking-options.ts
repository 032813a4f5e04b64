import type { Command } from 'commander';
import type { RankParameters } from '../engine/retrieval/methods.ts';
import { defined } from '../../shared/defined.ts';
import type { Method } from '../../shared/domain.ts';
import { number, type Options } from './program.ts';

/** Adds the parameters of ranking methods, under the same names for every command. */
export function rankingOptions(command: Command): Command {
  let c = command;
  c = number(c, '--k', 'neighbours of a node in the graph, itself included (50, regions 200)');
  c = number(c, '--kq', 'neighbours that carry a query into the graph (10, regions 200)');
  c = number(c, '--gamma', 'power of the similarity (3)');
  c = number(c, '--alpha', 'of the diffusion (0.99), or the exponent of alpha-qe and alpha-dba (3)');
  c = number(c, '--iterations', 'at most (20; iterative and jacobi 1000)');
  c = number(c, '--tolerance', 'relative residual at which iterating ends (1e-6)');
  c = number(c, '--rank', 'eigenpairs of fsr (500) and hybrid (40)');
  c = number(c, '--neighbours', 'that expand a query or a database vector (10)');
  c = number(c, '--trunc', 'neighbours kept by offline diffusion (1000)');
  c = number(c, '--shortlist', 'descriptors kept by truncated diffusion (10000), re-ranked by superglobal (400)');
  return c;
}

/** Those parameters that were given. */
export function rankingOf(o: Options, method: Method): Partial<RankParameters> {
  const power = method === 'alpha-qe' || method === 'alpha-dba';
  const given: { [K in keyof RankParameters]?: unknown } = {
    k: o['k'],
    kq: o['kq'],
    gamma: o['gamma'],
    [power ? 'exponent' : 'alpha']: o['alpha'],
    iterations: o['iterations'],
    tolerance: o['tolerance'],
    rank: o['rank'],
    expansion: o['neighbours'],
    truncation: o['trunc'],
    shortlist: o['shortlist'],
  };
  return defined(given) as Partial<RankParameters>;
}
