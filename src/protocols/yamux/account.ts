/**
 * What one direction of one stream has reserved of its host's memory. Byte path (ADR 2): while nothing is limited,
 * `paidBytes` is more than there will ever be, and one comparison is all that it costs.
 */
import { FREE_BYTES_EACH_WAY, type Memory } from '../../core/limits-contract.js';

/** Stream code for "a limit was met". @source libp2p error codes */
export const RESOURCE_LIMIT = 0x1002;

export class Account {
  paidBytes = Infinity;
  private payer: Memory | undefined;

  get memory(): Memory | undefined {
    return this.payer;
  }
  /** The stream's scope was charged what is free when it was opened. */
  set memory(memory: Memory | undefined) {
    this.payer = memory;
    this.paidBytes = memory === undefined ? Infinity : FREE_BYTES_EACH_WAY;
  }

  /** Throws a `LimitError`. */
  payUpTo(byteLength: number): void {
    this.payer?.reserveMemory(byteLength - this.paidBytes);
    this.paidBytes = byteLength;
  }

  /** Whether so much more may be held, which one could do without. */
  tryPay(byteLength: number): boolean {
    if (this.payer === undefined) return true;
    if (!this.payer.tryReserveMemory(byteLength)) return false;
    this.paidBytes += byteLength;
    return true;
  }

  /** Gives back what is beyond. */
  keep(byteLength: number): void {
    if (this.payer === undefined || this.paidBytes <= byteLength) return;
    this.payer.releaseMemory(this.paidBytes - byteLength);
    this.paidBytes = byteLength;
  }
}
