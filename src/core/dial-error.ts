import type { Multiaddr } from '@multiformats/multiaddr';
import { codeOf, Libp2pError } from './errors.js';
import type { PeerId } from './identity.js';

/** A failed dial: every address that was tried, with its own error, up to a bound; `skipped` counts the rest. */
export class DialError extends Libp2pError {
  readonly retryAfterMs: number | undefined = undefined;

  constructor(
    readonly peer: PeerId,
    readonly errors: readonly { readonly addr: Multiaddr; readonly error: Error }[],
    readonly skipped: number,
  ) {
    const lines = errors.map(({ addr, error }) => `\n  ${addr.toString()}: ${error.message}`).join('');
    const more = skipped === 0 ? '' : `\n  and ${String(skipped)} addresses that were not tried`;
    super('ERR_DIAL_FAILED', 'network', `cannot dial ${peer.toString()}:${lines}${more}`, {
      cause: errors[0]?.error,
    });
  }

  /** As JSON, for logs. */
  toJSON(): unknown {
    return {
      code: this.code,
      peer: this.peer.toString(),
      errors: this.errors.map(({ addr, error }) => ({
        addr: addr.toString(),
        code: codeOf(error),
        message: error.message,
      })),
      skipped: this.skipped,
    };
  }
}
