/** Judges `createHost`'s `connectionManager` option: every refusal names the option and its value. Numbers are go-libp2p's (CM-1, CM-18). */
import { checkedNumbers } from '../core/checked-numbers.js';
import { Libp2pError } from '../core/errors.js';
import { show } from '../core/show.js';
import type { ManagerNumbers } from '../swarm/connection-manager.js';

export interface ManagerSettings {
  /** Connections that stay when it prunes (160; 40 in browsers); 0 prunes never. */
  low?: number | undefined;
  /** Connections from which on it prunes (192; 60 in browsers); 0 prunes never. */
  high?: number | undefined;
  /** Ms for which a new peer is left alone (60,000). */
  graceMs?: number | undefined;
  /** Ms between looking whether there are too many (10,000). */
  silenceMs?: number | undefined;
}

const DEFAULTS: ManagerNumbers = { low: 160, high: 192, graceMs: 60_000, silenceMs: 10_000 };
/** Where a hundred connections are all that there may be. @source reliability limits, counts: browsers */
const SMALL: ManagerNumbers = { ...DEFAULTS, low: 40, high: 60 };
/** Tags and protections are taken; nothing is pruned. @source CM-21 */
const NEVER: ManagerNumbers = { ...DEFAULTS, low: 0, high: 0 };

/** `isSmall`: on a browser's page. Throws ERR_INVALID_OPTION. */
export function checkedManager(option: ManagerSettings | false | undefined, isSmall = false): ManagerNumbers {
  if (option === false) return NEVER;
  const defaults = isSmall ? SMALL : DEFAULTS;
  if (option === undefined) return defaults;
  // Whoever does not use types can pass anything.
  if (typeof (option as unknown) !== 'object' || (option as unknown) === null)
    throw invalid(`connectionManager is ${show(option)}; it takes an object, or false`);
  return fitting(checkedNumbers('createHost: connectionManager', { ...defaults }, option));
}

function fitting(numbers: ManagerNumbers): ManagerNumbers {
  for (const name of ['low', 'high'] as const)
    if (!Number.isInteger(numbers[name]))
      throw invalid(`connectionManager.${name} is ${show(numbers[name])}; it takes a whole number`);
  const { low, high, silenceMs } = numbers;
  if (silenceMs === 0) throw invalid('connectionManager.silenceMs is 0; the silence period must be non-zero');
  if (low > high && high > 0)
    throw invalid(
      `connectionManager.low is ${String(low)} and connectionManager.high is ${String(high)}; low is at most high`,
    );
  return numbers;
}

/** What to warn of where the connection manager would begin only above what the host allows. Equal is fine. @source CM-20 */
export function highWaterWarning(high: number, connectionLimit: number): Libp2pError | undefined {
  return high <= connectionLimit
    ? undefined
    : new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `conn manager high watermark limit: ${String(high)}, exceeds the system connection limit of: ${String(connectionLimit)} (connectionManager.high, limits.system.connections)`,
      );
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `createHost: ${message}`);
}
