import { asError } from '../core/errors.js';

/**
 * One queue for everything that a host emits, so that emissions follow each other and never nest: whoever answers an
 * event by doing something sees the state before its answer, and so does everybody after it.
 */
export class Emissions {
  private queue: (() => void)[] = [];
  private draining = false;

  constructor(private readonly onError: (error: Error) => void) {}

  /** Runs `emit` after all that was queued before. */
  run(emit: () => void): void {
    this.queue.push(emit);
    if (this.draining) return;
    this.draining = true;
    for (let at = 0; at < this.queue.length; at += 1) {
      try {
        this.queue[at]?.();
      } catch (error) {
        this.onError(asError(error));
      }
    }
    this.queue = [];
    this.draining = false;
  }
}
