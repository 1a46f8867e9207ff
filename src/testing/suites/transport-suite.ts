import type { TransportFactory } from '../../host/contract.js';
import { register } from './runner.js';
import { TransportBench } from './transport-bench.js';
import { channelChecks } from './transport-channels.js';
import { connectionChecks, pendingChecks } from './transport-connections.js';
import { checkedTransportOptions, type TransportSuiteOptions } from './transport-options.js';
import { streamChecks } from './transport-streams.js';
import { within } from './waiting.js';

/**
 * Registers the rules that every transport must keep, as tests of whatever framework runs: `describe(name)` with one `it`
 * a rule. Each takes fresh transports from `factory`, puts hosts over them on this machine, in real time, and fails with a
 * sentence. A rule that holds must also leave no channel and, on Node, no socket behind. Throws ERR_INVALID_OPTION.
 */
export function transportSuite(
  name: string,
  factory: () => TransportFactory,
  options: TransportSuiteOptions = {},
): void {
  const settings = checkedTransportOptions(options);
  const rules = {
    ...connectionChecks,
    ...streamChecks,
    ...(settings.channels ? { ...pendingChecks, ...channelChecks } : {}),
  };
  const checks = Object.entries(rules).map(([rule, check]) => ({
    name: rule,
    timeoutMs: settings.timeoutMs,
    run: async (): Promise<void> => {
      const bench = new TransportBench(factory, settings);
      try {
        await within(check(bench), 'the check has not ended', settings.timeoutMs - CLEARING_MS);
      } finally {
        await bench.within(bench.close(), 'the hosts do not stop');
      }
      await bench.mustBeEmpty();
    },
  }));
  register(name, checks, settings.runner);
}

/** Left for stopping the hosts, of the time that a check has. */
const CLEARING_MS = 15_000;
