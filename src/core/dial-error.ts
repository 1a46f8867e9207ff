import type { Multiaddr } from '@multiformats/multiaddr';
import { codeOf, Libp2pError, type ErrorCode, type Fault } from './errors.js';
import type { PeerId } from './identity.js';

/** One address of a failed dial. */
export interface FailedAddr {
  /** Where. */
  readonly addr: Multiaddr;
  /** Why it was not, or did not become, a connection. */
  readonly error: Error;
}
interface DialErrorFacts {
  readonly peer: PeerId;
  readonly cause: Error | undefined;
  readonly errors: readonly FailedAddr[];
  readonly skipped: number;
  readonly retryAfterMs?: number | undefined;
  /** ERR_DIAL_FAILED, if left out. */
  readonly code?: ErrorCode | undefined;
  /** `network`, if left out. */
  readonly fault?: Fault | undefined;
}
/** The system's own word for it, where a transport passes that on. */
const TIMEOUT_CODES: ReadonlySet<string> = new Set(['ERR_TIMEOUT', 'ETIMEDOUT']);

/**
 * A failed dial: `cause` is why it is over, `errors` has every address with its own error, up to a bound, `skipped`
 * counts the rest. `retryAfterMs`: when the first back-off among them ends.
 *
 * @source go-libp2p swarm, dial errors (DERR-1 to DERR-7)
 *
 * @example
 * ```ts
 * import { createHost, DialError } from 'rx-libp2p';
 *
 * const host = await createHost({ listen: [] });
 * const nobody = '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
 * host.dial(nobody).subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof DialError) console.log(error.code, error.matches('ERR_TRANSPORT'), error.retryAfterMs);
 *   },
 * });
 * ```
 */
export class DialError extends Libp2pError {
  /** Why the dial is over; `undefined` where the errors of the addresses say it all. */
  declare readonly cause: Error | undefined;
  /** Who was dialed. */
  readonly peer: PeerId;
  /** Every address with its own error, up to a bound. */
  readonly errors: readonly FailedAddr[];
  /** How many addresses more there were. */
  readonly skipped: number;
  /** When the first of the addresses may be dialed again, ms from now; `undefined` where none is held back. */
  readonly retryAfterMs: number | undefined;

  constructor(facts: DialErrorFacts) {
    const { cause, code = 'ERR_DIAL_FAILED', fault = 'network' } = facts;
    super(code, fault, messageOf(facts), cause === undefined ? undefined : { cause });
    this.peer = facts.peer;
    this.errors = facts.errors;
    this.skipped = facts.skipped;
    this.retryAfterMs = facts.retryAfterMs;
  }

  /** Whether the dial ran out of time; that an address did says nothing (DERR-6). */
  get isTimeout(): boolean {
    // A platform's TimeoutError has a number for a code.
    return TIMEOUT_CODES.has(codeOf(this.cause)) || this.cause?.name === 'TimeoutError';
  }

  /** Whether `code` is this error's, that of an address's error, or of anything beneath either (DERR-5). */
  matches(code: string): boolean {
    // Grows while it is walked; a chain may lead back into itself.
    const found = new Set<unknown>([this]);
    for (const error of found) {
      if (typeof error !== 'object' || error === null) continue;
      if ('code' in error && error.code === code) return true;
      if ('cause' in error) found.add(error.cause);
      for (const beneath of partsOf(error)) found.add(beneath);
    }
    return false;
  }

  /** As JSON, for logs. */
  toJSON(): unknown {
    return {
      code: this.code,
      message: this.cause?.message,
      peer: this.peer.toString(),
      errors: this.errors.map(({ addr, error }) => ({
        addr: addr.toString(),
        code: codeOf(error),
        message: error.message,
      })),
      skipped: this.skipped,
      retryAfterMs: this.retryAfterMs,
    };
  }
}

/** As go prints it (DERR-3); an entry that has lines of its own keeps them behind its own. */
function messageOf({ peer, cause, errors, skipped }: DialErrorFacts): string {
  const why = cause === undefined ? '' : ` ${cause.message}`;
  const lines = errors.map(
    ({ addr, error }) => `\n  * [${addr.toString()}] ${error.message.replaceAll('\n', '\n    ')}`,
  );
  const more = skipped === 0 ? '' : `\n    ... skipping ${String(skipped)} errors ...`;
  return `failed to dial ${peer.toString()}:${why}${lines.join('')}${more}`;
}

/** The errors that an error is made of: an aggregate's, or a dial's, such as the one to a relay. */
function partsOf(error: object): readonly unknown[] {
  if (error instanceof DialError) return error.errors.map((entry) => entry.error);
  return 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
}
