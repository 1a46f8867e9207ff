import { checkedNumbers } from '../../core/checked-numbers.js';
import { Libp2pError } from '../../core/errors.js';
import { show } from '../../core/show.js';
import type { SuiteRunner } from './runner.js';

const NUMBERS = {
  /** Carried each way, checksummed. */
  bytes: 4 * 1024 * 1024,
  /** What a writer gets rid of at most while its reader takes nothing. */
  heldBytes: 2 * 1024 * 1024,
  /** How long anything small may take, ms. */
  patienceMs: 10_000,
  /** How long a check may take, ms. */
  timeoutMs: 60_000,
};
const STREAMS = {
  /** Opened, each used and ended. */
  streams: 1_000,
  /** Of these, open at the same time. */
  streamsAtOnce: 200,
};
/** Of `securitySuite`. */
export interface SecuritySuiteOptions {
  /** Carried each way, checksummed (4 MiB). */
  readonly bytes?: number | undefined;
  /** What a writer gets rid of at most while its reader takes nothing (2 MiB). */
  readonly heldBytes?: number | undefined;
  /** How long anything small may take, ms (10,000). */
  readonly patienceMs?: number | undefined;
  /** How long a check may take, ms (60,000). */
  readonly timeoutMs?: number | undefined;
  /** Left out, the globals `describe` and `it`. */
  readonly runner?: SuiteRunner | undefined;
  /** Whether it notices a byte that was changed on the way. True if left out; plaintext does not. */
  readonly authenticated?: boolean | undefined;
}
/** Of `muxerSuite`. */
export interface MuxerSuiteOptions extends Omit<SecuritySuiteOptions, 'authenticated'> {
  /** Opened, each used and ended (1,000). */
  readonly streams?: number | undefined;
  /** Of these, open at the same time (200). */
  readonly streamsAtOnce?: number | undefined;
  /** Whether a reset carries its number to the other side. True if left out. */
  readonly resetCodes?: boolean | undefined;
}
interface PartSettings extends Readonly<typeof NUMBERS> {
  readonly runner?: SuiteRunner | undefined;
}
export interface SecuritySettings extends PartSettings {
  readonly authenticated: boolean;
}
export interface MuxerSettings extends PartSettings, Readonly<typeof STREAMS> {
  readonly resetCodes: boolean;
}

/** Throws ERR_INVALID_OPTION. */
export function checkedSecurityOptions(options: SecuritySuiteOptions): SecuritySettings {
  const { authenticated, runner } = options;
  return {
    ...checkedNumbers('securitySuite', NUMBERS, options, ['authenticated', 'runner']),
    authenticated: checkedSwitch('securitySuite: authenticated', authenticated),
    runner,
  };
}

/** Throws ERR_INVALID_OPTION. */
export function checkedMuxerOptions(options: MuxerSuiteOptions): MuxerSettings {
  const { resetCodes, runner } = options;
  return {
    ...checkedNumbers('muxerSuite', { ...NUMBERS, ...STREAMS }, options, ['resetCodes', 'runner']),
    resetCodes: checkedSwitch('muxerSuite: resetCodes', resetCodes),
    runner,
  };
}

/** On, if left out. Throws ERR_INVALID_OPTION. */
export function checkedSwitch(name: string, value: unknown = true): boolean {
  if (typeof value === 'boolean') return value;
  throw new Libp2pError('ERR_INVALID_OPTION', 'local', `${name} is ${show(value)}; it takes true or false`);
}
