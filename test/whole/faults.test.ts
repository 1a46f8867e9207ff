/** Faults of the reliability checklist, on whole hosts in virtual time; each is named by its line. */
import { map, merge, NEVER, type Observable } from 'rxjs';
import {
  createHost,
  memory,
  noise,
  serve,
  yamux,
  type Connection,
  type Host,
  type HostEvent,
  type Stream,
} from '../../src/index.js';
import type { Bytes } from '../../src/core/duplex.js';
import { codeOf } from '../../src/core/errors.js';
import type { RawConnection, TransportPart } from '../../src/core/parts.js';
import { seededRandom, type Link, type SimulatedNetwork } from '../../src/testing.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { createMemoryNetwork } from '../../src/transports/memory.js';
import { hostBench } from '../support/hostile-peer.js';
import { twoProcesses } from '../support/two-clocks.js';
import { NO_SERVICES } from '../support/no-services.js';
import { quietNetwork } from '../support/quiet-network.js';

const ECHO = '/echo/1.0.0';
const KIB = 1024;

function echo(host: Host): void {
  host
    .handle(ECHO, { idleTimeoutMs: 600_000 })
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
}
const bytes = (byteLength: number): Uint8Array =>
  Uint8Array.from({ length: byteLength }, (_, at) => at % 251);

/** What comes out of a stream, and how it ends. */
class Reader {
  got: Bytes[] = [];
  ended: string | undefined;
  endedAt: number | undefined;
  constructor(stream: Observable<Bytes>, now: () => number) {
    const end = (how: string): void => {
      this.ended = how;
      this.endedAt = now();
    };
    stream.subscribe({
      next: (chunk) => this.got.push(chunk),
      error: (error: unknown) => {
        end(codeOf(error));
      },
      complete: () => {
        end('complete');
      },
    });
  }
  get bytes(): Buffer {
    return Buffer.concat(this.got);
  }
}

interface Pair {
  readonly net: SimulatedNetwork;
  readonly a: Host;
  readonly b: Host;
  readonly events: { readonly a: HostEvent[]; readonly b: HostEvent[] };
  readonly connection: Connection;
  readonly stream: Stream;
  readonly reader: Reader;
  /** Changes the link in both directions. */
  both(change: Link): void;
}
/** Two hosts with an echo stream open between them, idle for `quietMs`. */
async function connected(link: Link = { latencyMs: 20 }, quietMs = 0): Promise<Pair> {
  const net = quietNetwork({ seed: 1, link });
  const events = { a: [] as HostEvent[], b: [] as HostEvent[] };
  const a = await net.createHost({ events: { next: (event) => events.a.push(event) } });
  const b = await net.createHost({ events: { next: (event) => events.b.push(event) } });
  echo(b);
  const stream = await net.runUntil(a.newStream(b.addrs, ECHO, { idleTimeoutMs: 600_000 }));
  const reader = new Reader(stream.read(), () => net.now());
  await net.advance(quietMs);
  const both = (change: Link): void => {
    net.link(a, b, change);
    net.link(b, a, change);
  };
  return { net, a, b, events, connection: stream.connection, stream, reader, both };
}
const closes = (events: readonly HostEvent[]): [number, string | undefined][] =>
  events.flatMap((event) => (event.type === 'connection:close' ? [[event.at, event.code]] : []));

describe('F9: a peer whose machine is gone, without a word', () => {
  it.each([0, 1_000, 7_500, 14_900, 15_100, 29_000, 100_000])(
    'P8: is noticed within 45 s, after %i ms of quiet; streams error, and the peer is gone',
    async (quietMs) => {
      const { net, a, both, events, reader, stream } = await connected({ latencyMs: 20 }, quietMs);
      const goneAt = net.now();
      both({ blackHole: true });
      stream.next(bytes(1_000));
      await net.advance(60_000);
      const [[closedAt, code] = [0, '']] = closes(events.a);
      expect(code).toBe('ERR_KEEPALIVE_TIMEOUT');
      expect(closedAt - goneAt).toBeLessThanOrEqual(45_000);
      expect(closedAt - goneAt).toBeGreaterThanOrEqual(29_000);
      expect([reader.ended, reader.endedAt]).toEqual(['ERR_KEEPALIVE_TIMEOUT', closedAt]);
      expect([a.connections, a.peers]).toEqual([[], []]);
      expect(events.a.at(-1)?.type).toBe('peer:disconnect');
    },
  );

  it('is told to those who wait for a stream, and to those who dial it next', async () => {
    const { net, a, b, both } = await connected();
    both({ blackHole: true });
    const asked = new Reader(a.newStream(b.addrs, ECHO).pipe(map(() => new Uint8Array())), () => net.now());
    await net.advance(10_000);
    expect(asked.ended).toBe('ERR_TIMEOUT');
    await net.advance(40_000);
    const dialed = new Reader(a.dial(b.addrs).pipe(map(() => new Uint8Array())), () => net.now());
    await net.advance(60_000);
    expect(dialed.ended).toBe('ERR_DIAL_FAILED');
    both({ blackHole: false });
    a.clearDialBackoff();
    expect((await net.runUntil(a.dial(b.addrs))).remotePeer.equals(b.peerId)).toBe(true);
  });

  it('does not let a writer grow: no room above 256 KiB, then the end', async () => {
    const { net, both, stream, events } = await connected();
    both({ blackHole: true });
    const written = { count: 0 };
    stream
      .writeFrom(
        (function* () {
          for (;;) {
            written.count += 64 * KIB;
            yield new Uint8Array(64 * KIB);
          }
        })(),
      )
      .subscribe({ error: () => undefined });
    await net.advance(45_000);
    expect(written.count).toBeLessThanOrEqual(1024 * KIB);
    expect(closes(events.a).map(([, code]) => code)).toEqual(['ERR_WRITE_STALLED']);
  });
});

describe('F10: a peer that is suspended', () => {
  it('for 10 s survives, and no byte is lost', async () => {
    const { a, b, now, advance } = await twoProcesses();
    echo(b.host);
    let stream: Stream | undefined;
    a.host.newStream(b.host.addrs, ECHO).subscribe((opened) => {
      stream = opened;
    });
    await advance(1_000);
    const reader = new Reader(stream!.read(), now);
    b.isFrozen = true;
    stream!.next(bytes(200 * KIB));
    await advance(10_000);
    expect(reader.got).toEqual([]);
    b.isFrozen = false;
    await advance(5_000);
    expect(reader.bytes.equals(bytes(200 * KIB))).toBe(true);
    expect([a.host.connections.length, b.host.connections.length]).toEqual([1, 1]);
  });

  it('for 120 s is closed within 45 s, and learns of it when it goes on', async () => {
    const { a, b, now, advance } = await twoProcesses();
    a.host.dial(b.host.addrs).subscribe();
    await advance(1_000);
    b.isFrozen = true;
    const frozenAt = now();
    await advance(120_000);
    const [[closedAt, code] = [0, '']] = closes(a.events);
    expect([code, closedAt - frozenAt <= 45_000]).toEqual(['ERR_KEEPALIVE_TIMEOUT', true]);
    expect(b.host.connections).toHaveLength(1);
    b.isFrozen = false;
    await advance(10);
    expect(b.host.connections).toEqual([]);
  });
});

describe('F11: we are suspended for 10 minutes', () => {
  it('timers fire once, the dead connection is found so, and the next dial is a new one', async () => {
    const { a, b, advance } = await twoProcesses();
    let stream: Stream | undefined;
    echo(b.host);
    a.host.newStream(b.host.addrs, ECHO).subscribe((opened) => {
      stream = opened;
    });
    await advance(1_000);
    const before = stream!.connection.id;
    a.isFrozen = true;
    await advance(600_000);
    a.isFrozen = false;
    await advance(100);
    expect(closes(a.events)).toHaveLength(1);
    const opened: string[] = [];
    a.host.newStream(b.host.addrs, ECHO).subscribe({ next: ({ connection }) => opened.push(connection.id) });
    await advance(1_000);
    expect(opened).toHaveLength(1);
    expect(opened).not.toContain(before);
  });
});

describe('F12: a peer that does not read its socket', () => {
  it('presses back on the writer, and its connection ends after 10 s', async () => {
    const { a, b, now, advance } = await twoProcesses();
    echo(b.host);
    let stream: Stream | undefined;
    a.host.newStream(b.host.addrs, ECHO).subscribe((opened) => {
      stream = opened;
    });
    await advance(1_000);
    const others: Stream[] = [stream!];
    for (let at = 0; at < 3; at += 1)
      a.host.newStream(b.host.addrs, ECHO).subscribe((opened) => others.push(opened));
    await advance(1_000);
    b.isFrozen = true;
    const frozenAt = now();
    const reader = new Reader(others[0]!.read(), now);
    for (const other of others) other.next(bytes(500 * KIB));
    expect(others.map(({ hasRoom }) => hasRoom)).toEqual([false, false, false, false]);
    await advance(9_000);
    expect(reader.ended).toBeUndefined();
    await advance(1_100);
    expect(closes(a.events)).toEqual([[frozenAt + 10_000, 'ERR_WRITE_STALLED']]);
    expect(reader.ended).toBe('ERR_WRITE_STALLED');
  });
});

describe('F13: a handler that never reads', () => {
  it('holds back its own stream, not the others; the idle rule resets it', async () => {
    const { net, a, b, stream, reader } = await connected();
    b.handle('/deaf/1.0.0').subscribe(() => undefined);
    const deaf = await net.runUntil(a.newStream(b.addrs, '/deaf/1.0.0'));
    const deafReader = new Reader(deaf.read(), () => net.now());
    deaf.next(bytes(1024 * KIB));
    await net.advance(1_000);
    expect(deaf.hasRoom).toBe(false);
    const received = b.connections[0]?.streams.find(({ protocol }) => protocol === '/deaf/1.0.0');
    expect(received?.bytesRead).toBeLessThanOrEqual(256 * KIB);
    stream.next(bytes(100 * KIB));
    await net.advance(1_000);
    expect(reader.bytes).toHaveLength(100 * KIB);
    await net.advance(120_000);
    expect(deafReader.ended).toMatch(/^ERR_STREAM_(IDLE|RESET)$/);
    expect([a.connections.length, reader.ended]).toEqual([1, undefined]);
  });
});

describe('F14: a path that changes bytes', () => {
  type Tamper = (chunk: Bytes, before: Bytes | undefined) => readonly Bytes[];
  const flipped = (chunk: Bytes): Bytes =>
    chunk.map((byte, at) => (at === chunk.length - 1 ? byte ^ 1 : byte));

  /** A path that does it to the nth chunk after the upgrade. */
  function tampering(part: TransportPart, tamper: Tamper, active: () => boolean): TransportPart {
    const wrap = (raw: RawConnection): RawConnection => {
      let before: Bytes | undefined;
      const read = (room$?: Observable<boolean>): Observable<Bytes> =>
        merge(
          NEVER,
          raw.duplex.read(room$).pipe(
            map((chunk) => {
              const out = active() ? tamper(chunk, before) : [chunk];
              before = chunk;
              return Uint8Array.from(out.flatMap((piece) => [...piece]));
            }),
          ),
        );
      return { ...raw, duplex: { read, sink: raw.duplex.sink, room$: raw.duplex.room$ } };
    };
    return {
      ...part,
      create: (context) => {
        const transport = part.create(context);
        return {
          name: 'tampering',
          canDial: (addr) => transport.canDial(addr),
          canListen: (addr) => transport.canListen(addr),
          listen: (addr) => transport.listen(addr),
          dial: (addr) => transport.dial(addr).pipe(map(wrap)),
        };
      },
    };
  }

  it.each<[string, Tamper]>([
    ['corrupted', (chunk) => [flipped(chunk)]],
    ['duplicated', (chunk) => [chunk, chunk]],
    ['truncated', (chunk) => [chunk.subarray(0, -1)]],
    ['reordered', (chunk, before) => (before === undefined ? [chunk] : [chunk, before])],
  ])('ends the connection: bytes %s; nothing wrong is delivered', async (_, tamper) => {
    const clock = new VirtualClock();
    const network = createMemoryNetwork();
    let active = false;
    const events: HostEvent[] = [];
    const make = (name: string, path: (part: TransportPart) => TransportPart): Promise<Host> =>
      createHost({
        services: NO_SERVICES,
        scheduler: clock,
        random: seededRandom(name),
        transports: [path(memory({ network }))],
        security: [noise()],
        muxers: [yamux()],
        listen: ['/memory/0'],
        events: { next: (event) => events.push(event) },
      });
    const a = await make('a', (part) => tampering(part, tamper, () => active));
    const b = await make('b', (part) => part);
    echo(b);
    const runTo = (ms: number): void => {
      while ((clock.nextAt ?? Infinity) <= ms) clock.step();
      clock.moveTo(ms);
    };
    let stream: Stream | undefined;
    a.newStream(b.addrs, ECHO).subscribe((opened) => {
      stream = opened;
    });
    runTo(1_000);
    const reader = new Reader(stream!.read(), () => clock.now());
    stream!.next(bytes(10));
    runTo(2_000);
    active = true;
    for (let at = 0; at < 3; at += 1) stream!.next(bytes(20));
    runTo(60_000);
    const right = Buffer.concat([bytes(10), bytes(20), bytes(20), bytes(20)]);
    expect(right.subarray(0, reader.bytes.length).equals(reader.bytes)).toBe(true);
    expect(['ERR_NOISE_FRAME', 'ERR_KEEPALIVE_TIMEOUT']).toContain(reader.ended);
    expect([a.connections, b.connections]).toEqual([[], []]);
  });
});

describe('F15: a bad line', () => {
  it.each<[string, Link]>([
    ['2 s of latency', { latencyMs: 2_000 }],
    ['jitter', { latencyMs: 100, jitterMs: 400 }],
    ['1 % loss', { latencyMs: 50, loss: 0.01 }],
    ['30 % loss', { latencyMs: 50, loss: 0.3 }],
    ['all of it', { latencyMs: 300, jitterMs: 200, loss: 0.1, bytesPerSecond: 20_000 }],
  ])('%s works or times out by stage, and never hangs', async (_, link) => {
    let whole = 0;
    for (let seed = 1; seed <= 5; seed += 1) {
      const net = quietNetwork({ seed, link });
      const [a, b] = [await net.createHost(), await net.createHost()];
      echo(b);
      let reader: Reader | undefined;
      let failed: unknown;
      a.newStream(b.addrs, ECHO, { timeoutMs: 60_000 }).subscribe({
        next: (stream) => {
          reader = new Reader(stream.read(), () => net.now());
          stream.next(bytes(100_000));
          stream.complete();
        },
        error: (error: unknown) => (failed = codeOf(error)),
      });
      await net.advance(300_000);
      if (reader?.ended === 'complete') expect(reader.bytes.equals(bytes(100_000))).toBe(true);
      else expect(reader?.ended ?? failed).toMatch(/^ERR_(DIAL_FAILED|TIMEOUT|KEEPALIVE_TIMEOUT)$/);
      whole += Number(reader?.ended === 'complete');
    }
    expect(whole).toBeGreaterThan(0);
  });

  it.each([512, 1_024, 4_096])(
    'a line of %i bytes a second is slow, not dead: what is written comes, and the connection stays',
    async (bytesPerSecond) => {
      const { net, stream, reader, events } = await connected({ latencyMs: 100, bytesPerSecond });
      const sent = bytes(120 * bytesPerSecond);
      stream.next(sent);
      await net.advance(400_000);
      expect(closes([...events.a, ...events.b])).toEqual([]);
      expect(reader.bytes.equals(Buffer.from(sent))).toBe(true);
    },
  );
});

describe('F16: a partition', () => {
  it('of 5 s is waited for: no byte is lost, nothing is closed', async () => {
    const { net, both, stream, reader, events } = await connected();
    both({ up: false });
    stream.next(bytes(100 * KIB));
    await net.advance(5_000);
    expect(reader.got).toEqual([]);
    both({ up: true });
    stream.next(bytes(100 * KIB));
    await net.advance(1_000);
    expect(reader.bytes.equals(Buffer.concat([bytes(100 * KIB), bytes(100 * KIB)]))).toBe(true);
    expect(closes([...events.a, ...events.b])).toEqual([]);
  });

  it('of 60 s is closed at both ends; dials fail, and work when it is over', async () => {
    const { net, a, b, both, events } = await connected();
    const startedAt = net.now();
    both({ up: false });
    await net.advance(45_000);
    for (const [at, code] of [...closes(events.a), ...closes(events.b)]) {
      expect(code).toBe('ERR_KEEPALIVE_TIMEOUT');
      expect(at - startedAt).toBeLessThanOrEqual(45_000);
    }
    expect([a.connections, b.connections]).toEqual([[], []]);
    const failed = new Reader(a.dial(b.addrs).pipe(map(() => new Uint8Array())), () => net.now());
    await net.advance(15_000);
    expect(failed.ended).toBe('ERR_DIAL_FAILED');
    both({ up: true });
    await expect(net.runUntil(a.dial(b.addrs))).rejects.toMatchObject({ code: 'ERR_DIAL_FAILED' });
    await net.advance(6_000);
    expect((await net.runUntil(a.dial(b.addrs))).remotePeer.equals(b.peerId)).toBe(true);
  });

  it.each<['there' | 'back']>([['there'], ['back']])(
    'of one direction, %s, is found by the one who hears nothing, and told to the other',
    async (way) => {
      const { net, a, b, events } = await connected({ latencyMs: 20 }, 5_000);
      const startedAt = net.now();
      if (way === 'there') net.link(a, b, { up: false });
      else net.link(b, a, { up: false });
      await net.advance(45_000);
      expect([a.connections, b.connections]).toEqual([[], []]);
      const codes = [closes(events.a), closes(events.b)].map(([[at, code] = [0, '']]) => {
        expect(at - startedAt).toBeLessThanOrEqual(45_000);
        return code;
      });
      expect(codes).toContain('ERR_KEEPALIVE_TIMEOUT');
    },
  );
});

describe('F23: leaving a dial', () => {
  it.each(Array.from({ length: 18 }, (_, at) => at * 25))(
    'P14: after %i ms of it leaves nothing at either end',
    async (afterMs) => {
      const net = quietNetwork({ seed: 1, link: { latencyMs: 50 } });
      const [a, b] = [await net.createHost(), await net.createHost()];
      echo(b);
      const late: unknown[] = [];
      const opening = a.newStream(b.addrs, ECHO).subscribe((stream) => late.push(stream));
      await net.advance(afterMs);
      const came = late.length;
      opening.unsubscribe();
      await net.advance(5_000);
      expect(late).toHaveLength(came);
      const streams = [a, b].flatMap(({ connections }) => connections.flatMap((open) => open.streams));
      expect(streams).toHaveLength(2 * came);
      await a.stop();
      await b.stop();
      await net.advance(1_000);
      expect((net.scheduler as { nextAt?: number }).nextAt).toBeUndefined();
    },
  );
});

describe('F25: stop()', () => {
  it('P23: is finite while the line is down, and ends all that waits', async () => {
    const { net, a, b, both, reader } = await connected();
    both({ up: false });
    const dialing = new Reader(a.dial(b.addrs, { force: true }).pipe(map(() => new Uint8Array())), () =>
      net.now(),
    );
    await net.advance(100);
    const startedAt = net.now();
    await net.runUntil(a.stop());
    expect(net.now() - startedAt).toBeLessThanOrEqual(5_000);
    await net.advance(1_000);
    expect([reader.ended, dialing.ended]).toEqual(['ERR_HOST_STOPPED', 'ERR_HOST_STOPPED']);
    await expect(net.runUntil(a.dial(b.addrs))).rejects.toMatchObject({ code: 'ERR_HOST_STOPPED' });
  });

  it('P23: waits 5 s at most for a platform that does not let go', async () => {
    const clock = new VirtualClock();
    const network = createMemoryNetwork();
    const stuck = memory({ network });
    const make = (part: TransportPart, name: string): Promise<Host> =>
      createHost({
        services: NO_SERVICES,
        scheduler: clock,
        random: seededRandom(name),
        transports: [part],
        security: [noise()],
        muxers: [yamux()],
        listen: ['/memory/0'],
      });
    const a = await make(
      {
        ...stuck,
        create: (context) => {
          const transport = stuck.create(context);
          return {
            name: 'stuck',
            canDial: (addr) => transport.canDial(addr),
            canListen: (addr) => transport.canListen(addr),
            listen: (addr) => transport.listen(addr),
            dial: (addr) => transport.dial(addr).pipe(map((raw) => ({ ...raw, released$: NEVER }))),
          };
        },
      },
      'a',
    );
    const b = await make(memory({ network }), 'b');
    const run = async (ms: number): Promise<void> => {
      const end = clock.now() + ms;
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      while ((clock.nextAt ?? Infinity) <= end) {
        clock.step();
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      }
      clock.moveTo(end);
    };
    a.dial(b.addrs).subscribe();
    await run(100);
    const stopping = { done: false };
    void a.stop().then(() => (stopping.done = true));
    await run(4_999);
    expect(stopping.done).toBe(false);
    await run(1);
    expect(stopping.done).toBe(true);
  });

  it('twice, and from inside a handler, is one stop', async () => {
    const { net, a, b } = await connected();
    const stops: Promise<void>[] = [];
    b.handle('/stop/1.0.0').subscribe(() => stops.push(b.stop(), b.stop()));
    a.newStream(b.addrs, '/stop/1.0.0').subscribe({ error: () => undefined });
    await net.advance(1_000);
    expect(stops).toHaveLength(2);
    expect(stops[0]).toBe(stops[1]);
    await Promise.all(stops);
    expect(a.connections).toEqual([]);
  });
});

describe('a connection that nobody uses', () => {
  const prunes = (events: readonly HostEvent[]): unknown[] =>
    events.flatMap((event) =>
      event.type === 'connection:prune' ? [[event.at, event.reason, event.value]] : [],
    );

  it('is closed after 120 s without a stream, not before; an event says why', async () => {
    const { net, a, b, stream, events } = await connected();
    stream.complete();
    await net.advance(1_000);
    const startedAt = net.now() - 1_000;
    await net.advance(118_900);
    expect(a.connections).toHaveLength(1);
    await net.advance(200);
    expect([a.connections, b.connections]).toEqual([[], []]);
    const told = [...prunes(events.a), ...prunes(events.b)] as [number, string, number][];
    expect(told.map(([, ...why]) => why)).toContainEqual(['idle', 120_000]);
    expect(told[0]![0] - startedAt).toBeGreaterThanOrEqual(120_000);
  });

  it('is kept while a stream is open, by pings alone', async () => {
    const { net, a, events } = await connected();
    await net.advance(500_000);
    expect([a.connections.length, closes(events.a)]).toEqual([1, []]);
  });

  it('counts from its last stream', async () => {
    const { net, a, b, stream } = await connected();
    stream.complete();
    for (let turn = 0; turn < 5; turn += 1) {
      await net.advance(100_000);
      (await net.runUntil(a.newStream(b.addrs, ECHO, { noDial: true }))).complete();
    }
    expect(a.connections).toHaveLength(1);
    await net.advance(121_000);
    expect(a.connections).toEqual([]);
  });

  it('leaves no timer behind', async () => {
    const { host, connect, advance, clock } = await hostBench();
    await connect();
    await advance(400_000);
    expect(host.connections).toEqual([]);
    await host.stop();
    await advance(1_000);
    expect(clock.nextAt).toBeUndefined();
  });
});

describe('P24: the same seed', () => {
  const run = async (seed: number): Promise<string> => {
    const net = quietNetwork({
      seed,
      link: { latencyMs: 40, jitterMs: 30, loss: 0.1, bytesPerSecond: 50_000 },
    });
    const told: string[] = [];
    const events = { next: (event: HostEvent) => told.push(JSON.stringify(event)) };
    const hosts = [
      await net.createHost({ events }),
      await net.createHost({ events }),
      await net.createHost({ events }),
    ];
    hosts.forEach(echo);
    for (const [at, host] of hosts.entries())
      host.newStream(hosts[(at + 1) % 3]!.addrs, ECHO).subscribe({
        next: (stream) => {
          stream.subscribe({ error: () => undefined });
          stream.next(bytes(20_000));
        },
        error: () => undefined,
      });
    await net.advance(5_000);
    net.link(hosts[0]!, hosts[1]!, { up: false });
    await net.advance(20_000);
    net.link(hosts[0]!, hosts[1]!, { up: true });
    net.link(hosts[1]!, hosts[2]!, { blackHole: true });
    await net.advance(100_000);
    return told.join('\n');
  };

  it('gives the same events under every fault, byte for byte; another gives others', async () => {
    const first = await run(7);
    expect(await run(7)).toBe(first);
    expect(await run(8)).not.toBe(first);
    expect(first).toContain('ERR_KEEPALIVE_TIMEOUT');
  });
});

it('100 hosts in a ring, under loss and jitter: everyone hears everything', async () => {
  const net = quietNetwork({ seed: 3, link: { latencyMs: 30, jitterMs: 20, loss: 0.05 } });
  const hosts: Host[] = [];
  for (let at = 0; at < 100; at += 1) hosts.push(await net.createHost());
  hosts.forEach(echo);
  const readers = hosts.map((host, at) => {
    const made: { reader?: Reader } = {};
    host.newStream(hosts[(at + 1) % 100]!.addrs, ECHO, { timeoutMs: 60_000 }).subscribe((stream) => {
      made.reader = new Reader(stream.read(), () => net.now());
      stream.next(bytes(10_000));
    });
    return made;
  });
  await net.advance(60_000);
  for (const { reader } of readers) expect(reader?.bytes.equals(bytes(10_000))).toBe(true);
  for (const host of hosts) expect(host.connections).toHaveLength(2);
}, 60_000);
