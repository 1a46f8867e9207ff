/** What one direction of one stream has reserved of its host's memory. Byte path (ADR 2): where nothing is limited there is none. */
import { FREE_BYTES_EACH_WAY, type Memory } from './limits-contract.js';

/** Stream code for "a limit was met". @source libp2p error codes */
export const RESOURCE_LIMIT = 0x1002;

/** A queue pays for so much at once. */
const QUEUE_STEP_BYTES = 256 * 1024;
/** A chunk of any size is taken while there is room: what is beyond this was made by the application, and counts no further. */
const MAX_CHARGED_BYTES = 4 * 1024 * 1024;

export class Account {
  /** The stream's scope was charged what is free when it was opened. */
  paidBytes = FREE_BYTES_EACH_WAY;

  constructor(readonly memory: Memory) {}

  /** Throws a `LimitError`. */
  payUpTo(byteLength: number): void {
    this.memory.reserveMemory(byteLength - this.paidBytes);
    this.paidBytes = byteLength;
  }

  /** For a send queue of so many bytes. Throws a `LimitError`. */
  payForQueue(queuedBytes: number): void {
    const due = Math.min(Math.ceil(queuedBytes / QUEUE_STEP_BYTES) * QUEUE_STEP_BYTES, MAX_CHARGED_BYTES);
    if (due > this.paidBytes) this.payUpTo(due);
  }

  /** Whether so much more may be held, which one could do without. */
  tryPay(byteLength: number): boolean {
    if (!this.memory.tryReserveMemory(byteLength)) return false;
    this.paidBytes += byteLength;
    return true;
  }

  giveBack(byteLength: number): void {
    this.memory.releaseMemory(byteLength);
    this.paidBytes -= byteLength;
  }

  /** Gives back what is beyond. */
  keep(byteLength: number): void {
    if (this.paidBytes > byteLength) this.giveBack(this.paidBytes - byteLength);
  }
}
