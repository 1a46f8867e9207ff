/**
 * How much the remote may still send on one stream, and when it is told of more. Byte path: fields (ADR 2).
 * Growth follows go-yamux: a reader that empties its window within four round trips gets twice the window.
 * @source yamux specification, Flow control; go-yamux v5, Stream.sendWindowUpdate
 */
import { Account } from '../../core/account.js';
import { FREE_BYTES_EACH_WAY, type Memory } from '../../core/limits-contract.js';
import { INITIAL_WINDOW_BYTES } from './frame.js';

const GROWTH_ROUND_TRIPS = 4;

export class ReceiveWindow {
  /** Who pays: for all of the window once a reader falls behind, and for every growth before it is granted. */
  private account: Account | undefined;
  private target = INITIAL_WINDOW_BYTES;
  private granted = INITIAL_WINDOW_BYTES;
  private unread = 0;
  private updatedAt: number;

  constructor(
    openedAt: number,
    private readonly maxBytes: number,
  ) {
    this.updatedAt = openedAt;
  }

  /** What the remote may send before it hears from us. */
  get remaining(): number {
    return this.granted;
  }

  /** Beyond the 256 KiB that everybody gets: what this stream has of its connection's budget. */
  get extraBytes(): number {
    return this.target - INITIAL_WINDOW_BYTES;
  }

  set memory(memory: Memory | undefined) {
    this.account = memory && new Account(memory);
  }

  /** Whether more is unread than is paid for. */
  get isOverdrawn(): boolean {
    return this.account !== undefined && this.unread > this.account.paidBytes;
  }

  /** Throws a `LimitError`. */
  pay(): void {
    this.account?.payUpTo(this.target);
  }

  /** Nothing has come for a while: what was granted stays paid for, the rest is given back. */
  rest(): void {
    if (this.unread <= FREE_BYTES_EACH_WAY) this.account?.keep(FREE_BYTES_EACH_WAY + this.extraBytes);
  }

  /** A body of so many bytes was announced: `false` if it is more than was granted. */
  receive(byteLength: number): boolean {
    if (byteLength > this.granted) return false;
    this.granted -= byteLength;
    this.unread += byteLength;
    return true;
  }

  /**
   * So many bytes have been dealt with. Returns the credit to send now: 0 while it is less than half the window.
   * `reserve` asks the connection's budget for more memory, and may say no.
   */
  consume(
    byteLength: number,
    now: number,
    rttMs: number | undefined,
    reserve: (byteLength: number) => boolean,
  ): number {
    this.unread -= byteLength;
    if (this.target - this.unread - this.granted < this.target / 2) return 0;
    if (rttMs !== undefined && rttMs > 0 && now - this.updatedAt < GROWTH_ROUND_TRIPS * rttMs)
      this.grow(reserve);
    this.updatedAt = now;
    const credit = this.target - this.unread - this.granted;
    this.granted += credit;
    return credit;
  }

  private grow(reserve: (byteLength: number) => boolean): void {
    const next = Math.min(this.target * 2, this.maxBytes);
    const more = next - this.target;
    if (more <= 0 || this.account?.tryPay(more) === false) return;
    if (reserve(more)) this.target = next;
    else this.account?.giveBack(more);
  }
}
