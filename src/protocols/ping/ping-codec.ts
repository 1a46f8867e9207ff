/** Blocks of 32 bytes, there and back. Pure: bytes and the time come in. @source libp2p ping specification (PING-1 to PING-4) */
import { concatBytes, equalBytes, NO_BYTES } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { Libp2pError } from '../../core/errors.js';

export const PING = '/ipfs/ping/1.0.0';
export const PING_BYTES = 32;

/** The responder: whole blocks go back as they came, however they were cut. Holds less than one block. */
export class PingEcho {
  private held: Bytes = NO_BYTES;

  /** What is to be written: as many whole blocks as there are. */
  push(bytes: Bytes): Bytes {
    const all = this.held.byteLength === 0 ? bytes : concatBytes(this.held, bytes);
    const whole = all.byteLength - (all.byteLength % PING_BYTES);
    this.held = all.slice(whole);
    return all.subarray(0, whole);
  }

  /** Whether a block has begun to arrive. */
  get isInside(): boolean {
    return this.held.byteLength > 0;
  }
}

/** The caller: one block at a time. */
export class PingExchange {
  private waiting: { readonly payload: Bytes; readonly sentAt: number; answer: Bytes } | undefined;

  /** The block to write now. */
  begin(payload: Bytes, now: number): Bytes {
    this.waiting = { payload, sentAt: now, answer: NO_BYTES };
    return payload;
  }

  /** The round-trip time, ms, once all of the answer is there. Throws ERR_PING for another one, or for bytes that answer nothing. */
  push(bytes: Bytes, now: number): number | undefined {
    const { waiting } = this;
    if (waiting === undefined) throw incorrect('bytes that nobody asked for');
    waiting.answer = concatBytes(waiting.answer, bytes);
    const { answer, payload, sentAt } = waiting;
    const isSoFar =
      answer.byteLength <= PING_BYTES && equalBytes(answer, payload.subarray(0, answer.byteLength));
    if (!isSoFar) throw incorrect('ping packet was incorrect');
    if (answer.byteLength < PING_BYTES) return undefined;
    this.waiting = undefined;
    return Math.max(0, now - sentAt);
  }
}

function incorrect(message: string): Libp2pError {
  return new Libp2pError('ERR_PING', 'remote', message);
}
