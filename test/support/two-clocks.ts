import { createHost, memory, noise, yamux, type Host, type HostEvent } from '../../src/index.js';
import { afterMicrotasks } from '../../src/platform/macrotask.js';
import { seededRandom } from '../../src/testing.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { linkedNetwork } from '../../src/transports/memory.js';
import { FREE, MemoryLink } from '../../src/transports/memory-link.js';

export interface Process {
  readonly host: Host;
  readonly events: HostEvent[];
  /** Suspended: neither its timers run nor does it get what is sent to it, until it goes on. */
  isFrozen: boolean;
}

/** Two hosts that are processes of their own: each may be suspended, while time goes on. */
export async function twoProcesses(latencyMs = 10): Promise<{
  readonly a: Process;
  readonly b: Process;
  now(): number;
  advance(ms: number): Promise<void>;
}> {
  const network = linkedNetwork(() => new MemoryLink({ ...FREE, latencyMs }));
  const clocks = [new VirtualClock(), new VirtualClock()] as const;
  const start = async (clock: VirtualClock, name: string): Promise<Process> => {
    const events: HostEvent[] = [];
    const host = await createHost({
      scheduler: clock,
      random: seededRandom(name),
      transports: [memory({ network })],
      security: [noise()],
      muxers: [yamux()],
      listen: ['/memory/0'],
      events: { next: (event) => events.push(event) },
    });
    return { host, events, isFrozen: false };
  };
  const a = await start(clocks[0], 'a');
  const b = await start(clocks[1], 'b');
  let time = 0;
  const next = (): VirtualClock | undefined =>
    [a, b]
      .flatMap(({ isFrozen }, at) => (isFrozen || clocks[at]?.nextAt === undefined ? [] : [clocks[at]]))
      .sort((one, other) => (one.nextAt ?? 0) - (other.nextAt ?? 0))[0];
  const moveTo = (to: number): void => {
    time = Math.max(time, to);
    for (const clock of clocks) clock.moveTo(time);
  };
  return {
    a,
    b,
    now: () => time,
    advance: async (ms) => {
      const end = time + ms;
      await microtasks();
      for (let clock = next(); (clock?.nextAt ?? Infinity) <= end; clock = next()) {
        moveTo(clock?.nextAt ?? 0);
        clock?.step();
        await microtasks();
      }
      moveTo(end);
    },
  };
}

function microtasks(): Promise<void> {
  return new Promise(afterMicrotasks);
}
