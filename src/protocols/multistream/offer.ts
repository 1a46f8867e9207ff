/**
 * The initiator: header and first proposal at once, then one proposal for every refusal. Sans-IO (ADR 2): it is fed
 * chunks and says what to write. The optimistic initiator is the same with one proposal that was already sent.
 * @source multistream-select specification
 */
import type { Bytes } from '../../core/duplex.js';
import { Libp2pError, quote } from '../../core/errors.js';
import {
  behind,
  encodeToken,
  HEADER,
  HEADER_FRAME,
  multistreamError,
  REFUSAL,
  startsWith,
  TokenReader,
  wordsFor,
} from './codec.js';

export interface Agreement {
  readonly protocol: string;
  /** Bytes behind the answer. */
  readonly rest: Bytes | undefined;
}

export class Offer {
  private readonly reader = new TokenReader(HEADER_FRAME);
  private headerRead = false;
  private proposed = 0;

  constructor(private readonly protocols: readonly string[]) {
    if (protocols.length === 0)
      throw new Libp2pError('ERR_INVALID_OPTION', 'local', 'no protocol was given to select');
  }

  /** What opens the negotiation: the header and the first proposal, in one write. */
  opening(): Bytes {
    return wordsFor(this.protocols[0] ?? '').proposal;
  }

  /** The agreement, the next proposal to write, or `undefined` for "more, please". Throws ERR_MULTISTREAM or ERR_UNSUPPORTED_PROTOCOL. */
  push(bytes: Bytes): Agreement | Bytes | undefined {
    this.reader.push(bytes);
    for (;;) {
      const text = this.reader.next();
      if (text === undefined) return undefined;
      if (!this.headerRead) {
        if (text !== HEADER) throw multistreamError(`${quote(text)} in place of ${HEADER}`);
        this.headerRead = true;
        continue;
      }
      const proposal = this.protocols[this.proposed] ?? '';
      if (text === proposal) return { protocol: proposal, rest: this.reader.rest() };
      if (text !== REFUSAL) throw multistreamError(`${quote(text)} in answer to ${quote(proposal)}`);
      this.proposed += 1;
      const next = this.protocols[this.proposed];
      if (next === undefined) throw unsupported(this.protocols);
      return encodeToken(next);
    }
  }
}

/** Header and proposal of one protocol, as they leave in front of its first bytes. Not to be changed. */
export function proposalOf(protocol: string): Bytes {
  return wordsFor(protocol).proposal;
}

/** Reads the answer to a proposal that was sent without waiting. */
export class LazyAnswer {
  private offer: Offer | undefined;

  constructor(protected readonly protocol: string) {}

  push(bytes: Bytes): { readonly rest: Bytes | undefined } | undefined {
    if (this.offer === undefined) {
      // Most answers come whole, and are word for word what was proposed.
      const expected = proposalOf(this.protocol);
      if (startsWith(bytes, expected)) return { rest: behind(bytes, expected) };
      this.offer = new Offer([this.protocol]);
    }
    const answer = this.offer.push(bytes);
    // With a single proposal there is no second one to write.
    return answer === undefined || answer instanceof Uint8Array ? undefined : answer;
  }
}

function unsupported(protocols: readonly string[]): Libp2pError {
  const names = protocols.map((name) => quote(name)).join(', ');
  return new Libp2pError('ERR_UNSUPPORTED_PROTOCOL', 'remote', `protocols not supported: [${names}]`);
}
