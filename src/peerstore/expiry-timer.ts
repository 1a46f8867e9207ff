import type { Subscription } from 'rxjs';
import type { StoreClocks } from '../core/peer-store-contract.js';
import type { AddrBook } from './addr-book.js';

/** Addresses dropped in one turn, so that none takes long; the next turn follows. @source reliability checklist, O8 */
const SWEPT_PER_TURN = 512;
const NEXT_TURN_MS = 1;
/** The longest that any timer may wait (R17); waking early does no harm. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Drops addresses when they expire, with one timer. There is none while nobody would see it. */
export class ExpiryTimer {
  private timer: Subscription | undefined;
  private armedFor: number | undefined;

  constructor(private readonly book: AddrBook) {}

  /** Sets it for the address that expires next, or clears it. */
  arm(clocks: StoreClocks, isWanted: boolean): void {
    const next = isWanted ? this.book.nextExpiry : undefined;
    if (next === this.armedFor) return;
    this.disarm();
    if (next === undefined || clocks.scheduler === undefined) return;
    this.armedFor = next;
    this.timer = clocks.scheduler.schedule(
      () => {
        this.armedFor = undefined;
        this.book.sweep(clocks.now(), SWEPT_PER_TURN);
        this.arm(clocks, true);
      },
      Math.min(Math.max(NEXT_TURN_MS, next - clocks.now()), MAX_TIMER_MS),
    );
  }

  disarm(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
    this.armedFor = undefined;
  }
}
