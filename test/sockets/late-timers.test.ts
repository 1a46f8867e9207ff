/** F11, F28 and F34 share one rule: a timer that is late lets what the sockets have go first. Real time, real sockets. */
import { monotonicScheduler } from '../../src/platform/monotonic-scheduler.js';
import { pair } from './sockets.js';

/** The application does not give the loop back. */
function block(ms: number): void {
  const end = monotonicScheduler.now() + ms;
  while (monotonicScheduler.now() < end);
}

it('F34: bytes that came while the loop was blocked are read before a deadline is judged', async () => {
  const { near, far, close } = await pair();
  const happened: string[] = [];
  near.duplex.read().subscribe({ next: () => happened.push('bytes'), error: () => undefined });
  monotonicScheduler.schedule(() => happened.push('deadline'), 300);
  far.duplex.sink.next(new Uint8Array(10));
  // The bytes are on their way; both they and the timer are ready when the loop comes back.
  block(1_800);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(happened).toEqual(['bytes', 'deadline']);
  close();
});
