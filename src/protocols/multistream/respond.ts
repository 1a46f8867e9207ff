/**
 * The responder: its header, then an answer to every proposal until one fits. Sans-IO (ADR 2): it is fed chunks and says
 * what to write; nothing it says is larger than what it was asked.
 * @source multistream-select specification; go-multistream (`ls` is answered with `na`)
 */
import { concatBytes } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { LimitError, quote } from '../../core/errors.js';
import {
  HEADER,
  HEADER_FRAME,
  multistreamError,
  REFUSAL,
  REFUSAL_FRAME,
  TokenReader,
  wordsFor,
} from './codec.js';

/** Proposals, and bytes of them, until the negotiation is given up. @source reliability limits */
const MAX_PROPOSALS = 32;
const MAX_TOTAL_BYTES = 16 * 1024;

export interface Reply {
  /** To be written now, if anything. */
  readonly write: Bytes | undefined;
  /** The protocol, once settled. */
  readonly protocol: string | undefined;
  /** Bytes behind the chosen proposal. */
  readonly rest: Bytes | undefined;
}

export class Responder {
  private readonly reader = new TokenReader(HEADER_FRAME);
  private headers = 0;
  private proposals = 0;
  private totalBytes = 0;

  constructor(private readonly supports: (protocol: string) => boolean) {}

  /** What a responder may say before it has heard anything. */
  static readonly opening = HEADER_FRAME;

  /** Throws ERR_MULTISTREAM, or a `LimitError` after too many proposals. */
  push(bytes: Bytes): Reply {
    this.totalBytes += bytes.byteLength;
    this.reader.push(bytes);
    const replies: Bytes[] = [];
    for (;;) {
      const text = this.reader.next();
      if (text === undefined) {
        if (this.totalBytes > MAX_TOTAL_BYTES) throw new LimitError('negotiation', 'bytes', MAX_TOTAL_BYTES);
        return { write: joined(replies), protocol: undefined, rest: undefined };
      }
      if (this.isHeader(text)) continue;
      if (this.supports(text)) {
        replies.push(wordsFor(text).token);
        return { write: joined(replies), protocol: text, rest: this.reader.rest() };
      }
      this.refuse(text);
      replies.push(REFUSAL_FRAME);
    }
  }

  /** The header comes first; js-libp2p tolerates it twice, a third is an attack. */
  private isHeader(text: string): boolean {
    if (text !== HEADER) {
      if (this.headers === 0) throw multistreamError(`${quote(text)} in place of ${HEADER}`);
      return false;
    }
    this.headers += 1;
    if (this.headers > 2) throw multistreamError(`${HEADER} for the third time`);
    return true;
  }

  private refuse(text: string): void {
    if (text === REFUSAL) throw multistreamError('a refusal where a proposal belongs');
    this.proposals += 1;
    if (this.proposals >= MAX_PROPOSALS) throw new LimitError('negotiation', 'proposals', MAX_PROPOSALS);
  }
}

function joined(replies: readonly Bytes[]): Bytes | undefined {
  const [first] = replies;
  return first === undefined || replies.length === 1 ? first : concatBytes(...replies);
}
