import { VirtualTimeScheduler } from 'rxjs';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import { memoryPair } from '../../src/transports/memory-duplex.js';

/** Two ends of a channel without latency, and the clock that moves what is on its way. */
export function duplexPair(): {
  readonly near: Duplex;
  readonly far: Duplex;
  settle(forMs?: number): void;
  readonly clock: VirtualTimeScheduler;
} {
  const clock = new VirtualTimeScheduler();
  const [near, far] = memoryPair(
    clock,
    () => 0,
    () => 0,
  );
  let until = 0;
  return {
    near,
    far,
    clock,
    settle: (forMs = 0) => {
      until += forMs;
      clock.maxFrames = until;
      // Time passes also when nothing is due at its end.
      clock.schedule(() => undefined, until - clock.frame);
      clock.flush();
    },
  };
}

/** Everything that comes out of a channel, and how it ended. */
export function record(duplex: Duplex): { readonly bytes: () => Bytes; readonly ended: () => unknown } {
  const chunks: Bytes[] = [];
  let ended: unknown;
  duplex.read().subscribe({
    next: (chunk) => chunks.push(chunk),
    error: (error: unknown) => (ended = error),
    complete: () => (ended = 'complete'),
  });
  return { bytes: () => Uint8Array.from(chunks.flatMap((chunk) => [...chunk])), ended: () => ended };
}
