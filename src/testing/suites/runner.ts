/** What a suite needs of a test framework: two functions that jest, vitest, mocha, bun and `node:test` all have. */
import { Libp2pError } from '../../core/errors.js';

/** Where checks are registered. Left out, the globals `describe` and `it` are taken, as jest and mocha have them. */
export interface SuiteRunner {
  readonly describe: (name: string, define: () => void) => void;
  /** `run` rejects where the part is at fault, with a sentence; it never takes longer than `timeoutMs`. */
  readonly it: (name: string, run: () => Promise<void>, timeoutMs: number) => void;
}
/** One rule that a part must keep. */
export interface Check {
  readonly name: string;
  /** Rejects where it is broken. */
  readonly run: () => Promise<void>;
  readonly timeoutMs: number;
}

/** Throws ERR_INVALID_OPTION where there is neither a runner nor the globals. */
export function register(name: string, checks: readonly Check[], runner?: SuiteRunner): void {
  const { describe, it } = runner ?? globals();
  describe(name, () => {
    for (const check of checks) it(check.name, check.run, check.timeoutMs);
  });
}

function globals(): SuiteRunner {
  // Whether the globals of a test framework are there is asked right below.
  const { describe, it } = globalThis as Partial<SuiteRunner>;
  if (typeof describe !== 'function' || typeof it !== 'function')
    throw new Libp2pError(
      'ERR_INVALID_OPTION',
      'local',
      'there are no globals `describe` and `it` here: give the suite a `runner`',
    );
  return { describe, it };
}
