import { firstValueFrom, VirtualTimeScheduler } from 'rxjs';
import {
  createHost,
  memory,
  noise,
  plaintext,
  serve,
  yamux,
  type Host,
  type HostOptions,
  type Stream,
} from '../../src/index.js';
import { createMemoryNetwork } from '../../src/memory.js';
import { seededRandom, simulateNetwork } from '../../src/testing.js';
import { at, wilds } from '../support/wilds.js';

const LATENCY_MS = 100;
const RTT_MS = 2 * LATENCY_MS;
const ECHO = '/echo/1.0.0';
const hello = new TextEncoder().encode('hello\n');

/** When, in round trips, the first byte of the answer to a lazy stream comes, starting without a connection. */
async function roundTrips(options: HostOptions<Record<never, never>>, again = 0): Promise<number[]> {
  const net = simulateNetwork({ seed: 1, link: { latencyMs: LATENCY_MS } });
  const [a, b] = [await net.createHost(options), await net.createHost(options)];
  b.handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  const times: number[] = [];
  for (let stream = 0; stream <= again; stream += 1) {
    const startedAt = net.now();
    await net.runUntil(askOnce(a, b));
    times.push((net.now() - startedAt) / RTT_MS);
  }
  return times;
}

function askOnce(a: Host, b: Host): Promise<void> {
  return new Promise((resolve, reject) => {
    a.newStream(b.addrs, ECHO, { lazy: true }).subscribe({
      next: (stream: Stream) => {
        stream.subscribe({
          next: () => {
            resolve();
          },
          error: reject,
        });
        stream.next(hello);
        stream.complete();
      },
      error: reject,
    });
  });
}

describe('round trips over links of 100 ms each way', () => {
  it('takes 3 from cold to the first byte of an answer, and 1 for every further stream', async () => {
    expect(await roundTrips({}, 2)).toEqual([3, 1, 1]);
  });

  it('takes 4 with two security protocols, since neither can be assumed', async () => {
    expect(await roundTrips({ security: [noise(), plaintext()] })).toEqual([4]);
  });

  it('takes 4 with plaintext, which settles no muxer', async () => {
    expect(await roundTrips({ insecure: true })).toEqual([4]);
  });

  it('takes one more for a stream that waits for its protocol', async () => {
    const net = simulateNetwork({ seed: 1, link: { latencyMs: LATENCY_MS } });
    const [a, b] = [await net.createHost(), await net.createHost()];
    b.handle(ECHO)
      .pipe(serve((stream) => stream.pipeTo(stream)))
      .subscribe();
    await net.runUntil(a.dial(b.addrs));
    expect(net.now()).toBe(2 * RTT_MS);
    await net.runUntil(a.newStream(b.addrs, ECHO));
    expect(net.now()).toBe(3 * RTT_MS);
  });
});

describe('the same seed', () => {
  const run = async (seed: number): Promise<string> => {
    const net = simulateNetwork({ seed, link: { latencyMs: LATENCY_MS } });
    const recorded: string[] = [];
    const events = { next: (event: unknown) => recorded.push(JSON.stringify(event)) };
    const [a, b] = [await net.createHost({ events }), await net.createHost({ events })];
    b.handle(ECHO)
      .pipe(serve((stream) => stream.pipeTo(stream)))
      .subscribe();
    await net.runUntil(askOnce(a, b));
    await net.advance(1000);
    await a.stop();
    await net.advance(1000);
    return recorded.join('\n');
  };

  it('gives the same events, byte for byte; another gives others', async () => {
    const first = await run(7);
    expect(await run(7)).toBe(first);
    expect(await run(8)).not.toBe(first);
    expect(first).toContain('"type":"peer:disconnect"');
  });
});

describe('the same seed, with dials of every kind', () => {
  const run = async (seed: number): Promise<string> => {
    const world = wilds({ seed, latencyMs: 7 });
    const recorded: string[] = [];
    const record = (event: unknown): void => {
      recorded.push(JSON.stringify(event));
    };
    const [a, b] = [await world.createHost({ events: { next: record } }), await world.createHost()];
    const [quic, tcp, other] = [
      '/ip4/1.2.3.4/udp/1/quic-v1',
      '/ip4/1.2.3.4/tcp/1',
      '/ip4/1.2.3.5/tcp/1',
    ] as const;
    world.set({ [quic]: 'hangs', [tcp]: { refusesAfterMs: 30 }, [other]: { leadsTo: b, afterMs: 40 } });
    const target = [quic, tcp, other, '/dns4/nobody.example/tcp/1'].map((addr) => at(addr, b));
    a.dialUpdates(target).subscribe(record);
    a.dialUpdates(target).subscribe(record);
    const given = a.dial(at(quic, b)).subscribe();
    await world.net.advance(300);
    given.unsubscribe();
    await world.net.advance(10_000);
    a.dialUpdates(b.peerId).subscribe(record);
    await world.end(a.dial(at(tcp, b), { force: true }));
    await world.end(a.newStream(b.peerId, ECHO));
    await world.net.runUntil(a.stop());
    return recorded.join('\n');
  };

  it('gives the same events, byte for byte, to the public and to each caller', async () => {
    const first = await run(3);
    expect(await run(3)).toBe(first);
    expect(await run(4)).not.toBe(first);
    for (const type of ['start', 'plan', 'refuse', 'attempt', 'progress', 'fail', 'cancel', 'connect', 'end'])
      expect(first).toContain(`"type":"dial:${type}"`);
  });
});

it('runs under RxJS’s own virtual scheduler as well', async () => {
  const scheduler = new VirtualTimeScheduler();
  const network = createMemoryNetwork();
  const make = (seed: number): Promise<Host> =>
    createHost({
      scheduler,
      random: seededRandom(seed),
      transports: [memory({ latencyMs: LATENCY_MS, network })],
      security: [noise()],
      muxers: [yamux()],
      listen: ['/memory/0'],
    });
  const [a, b] = [await make(1), await make(2)];
  b.handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  const got: { at: number; text: string }[] = [];
  a.newStream(b.addrs, ECHO, { lazy: true }).subscribe((stream) => {
    stream.subscribe((bytes) => got.push({ at: scheduler.now(), text: new TextDecoder().decode(bytes) }));
    stream.next(hello);
  });
  scheduler.maxFrames = 5000;
  scheduler.flush();
  expect(got).toEqual([{ at: 3 * RTT_MS, text: 'hello\n' }]);
  expect(await firstValueFrom(a.peers$)).toHaveLength(1);
});
