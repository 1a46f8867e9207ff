/** A suite's rules, taken out of it instead of run: what a test of the suite itself needs. */
import type { SuiteRunner } from '../../src/testing.js';

export interface CollectedSuite {
  readonly runner: SuiteRunner;
  readonly rules: ReadonlyMap<string, () => Promise<void>>;
}
export function collectedSuite(): CollectedSuite {
  const rules = new Map<string, () => Promise<void>>();
  return {
    rules,
    runner: {
      describe: (_, define) => {
        define();
      },
      it: (name, run) => rules.set(name, run),
    },
  };
}

/** Why a rule is not kept; `undefined` if it is, or if there is no such rule. */
export async function verdict(suite: CollectedSuite, rule: string): Promise<unknown> {
  try {
    await suite.rules.get(rule)?.();
    return undefined;
  } catch (error) {
    return error;
  }
}
