/** Reliability sheet, 5.1, in virtual time: what a peer may do to a listener before and while it proves who it is. */
import { jest } from '@jest/globals';
import { Subject } from 'rxjs';
import {
  createHost,
  memory,
  noise,
  serve,
  yamux,
  type Host,
  type HostEvent,
  type Libp2pError,
} from '../../src/index.js';
import { upgradeOutbound, type Upgraded } from '../../src/connection/upgrade.js';
import { upgradedOnly } from '../support/upgraded.js';
import { utf8 } from '../../src/core/bytes.js';
import type { Duplex } from '../../src/core/duplex.js';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr, tcpMultiaddr } from '../../src/core/multiaddr.js';
import type { ListenEvent, RawConnection, TransportPart } from '../../src/core/parts.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { HEADER_FRAME } from '../../src/protocols/multistream/codec.js';
import { FLAG, TYPE } from '../../src/protocols/yamux/frame.js';
import { PendingInbound } from '../../src/swarm/pending.js';
import { seededRandom } from '../../src/testing.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { createMemoryNetwork } from '../../src/transports/memory.js';
import { memoryPair } from '../../src/transports/memory-duplex.js';
import { dataFrame, frameHeader, HandDriven, hostBench, opening, tokens } from '../support/hostile-peer.js';
import {
  breaking,
  byteByByte,
  changed,
  cutAt,
  segmented,
  together,
  type Break,
  type Segmenting,
} from '../support/wires.js';

// Some of these run hundreds of handshakes, on whatever machine.
jest.setTimeout(60_000);

const ECHO = '/echo';
/** What is said in one turn arrives in one. */
const LATENCY_MS = 10;
const listenerKey = generateKey('Ed25519', { random: seededRandom('listener') });
const dialerKey = generateKey('Ed25519', { random: seededRandom('dialer') });

/** A port of its own making: whatever is put into it has come in. */
function scripted(): { readonly part: TransportPart; readonly port: Subject<ListenEvent> } {
  const port = new Subject<ListenEvent>();
  const part: TransportPart = {
    kind: 'transport',
    name: 'scripted',
    create: () => ({
      name: 'scripted',
      canDial: () => false,
      canListen: (addr) => addr.toString().startsWith('/ip4/'),
      dial: () => new Subject<RawConnection>(),
      listen: () => port,
    }),
  };
  return { part, port };
}

describe('many at once', () => {
  async function listener() {
    const { part, port } = scripted();
    const bench = await hostBench([part]);
    bench.host.listen('/ip4/10.0.0.1/tcp/1').subscribe();
    port.next({ type: 'listening', addrs: [parseMultiaddr('/ip4/10.0.0.1/tcp/1')] });
    const clock = bench.clock;
    const comeIn = (from: string): { readonly ours: Duplex; readonly theirs: HandDriven } => {
      const [near, far] = memoryPair(
        clock,
        () => 0,
        () => 0,
      );
      const [localAddr, remoteAddr] = [parseMultiaddr('/ip4/10.0.0.1/tcp/1'), parseMultiaddr(from)];
      port.next({ type: 'inbound', connection: { duplex: near, localAddr, remoteAddr } });
      return { ours: near, theirs: new HandDriven(far) };
    };
    /** An honest peer, from the first word to a connection. */
    const honest = async (from: string): Promise<boolean> => {
      const [near, far] = memoryPair(
        clock,
        () => 0,
        () => 0,
      );
      const addrs = { localAddr: parseMultiaddr('/ip4/10.0.0.1/tcp/1'), remoteAddr: parseMultiaddr(from) };
      port.next({ type: 'inbound', connection: { duplex: near, ...addrs } });
      const context = { scheduler: clock, random: seededRandom(from), privateKey: dialerKey };
      let connected = false;
      upgradeOutbound({ duplex: far, ...addrs }, bench.host.peerId, {
        security: [noise().create(context)],
        muxers: [yamux().create(context)],
      })
        .pipe(upgradedOnly())
        .subscribe({ next: () => (connected = true), error: () => undefined });
      await bench.advance();
      return connected;
    };
    const refused = (code: string): number =>
      bench.events.filter((event) => event.type === 'connection:refuse' && event.code === code).length;
    return { ...bench, comeIn, honest, refused, port };
  }

  it('S6: 200 silent ones from one address: 8 wait, the rest is refused at once; others are served', async () => {
    const { comeIn, advance, refused, honest } = await listener();
    const silent = Array.from(
      { length: 200 },
      (_, at) => comeIn(`/ip4/10.0.0.2/tcp/${String(at + 1)}`).theirs,
    );
    await advance();
    expect([refused('ERR_LIMIT'), silent.filter(({ ended }) => ended === 'ERR_TRANSPORT').length]).toEqual([
      192, 192,
    ]);
    expect(await honest('/ip4/10.0.0.3/tcp/1')).toBe(true);
    await advance(5_000);
    expect([refused('ERR_TIMEOUT'), silent.every(({ ended }) => ended === 'ERR_TRANSPORT')]).toEqual([
      8,
      true,
    ]);
    expect(await honest('/ip4/10.0.0.2/tcp/1')).toBe(true);
  });

  it('S7: 200 silent ones from as many addresses: 64 wait, the rest is refused at once; then all are served', async () => {
    const { comeIn, advance, refused, honest, events } = await listener();
    const silent = Array.from(
      { length: 200 },
      (_, at) => comeIn(`/ip4/10.0.1.${String(at + 1)}/tcp/1`).theirs,
    );
    await advance();
    expect([refused('ERR_LIMIT'), silent.filter(({ ended }) => ended === 'ERR_TRANSPORT').length]).toEqual([
      136, 136,
    ]);
    expect(await honest('/ip4/10.0.0.3/tcp/1')).toBe(false);
    await advance(5_000);
    expect(await honest('/ip4/10.0.0.3/tcp/1')).toBe(true);
    expect(events.filter(({ type }) => type === 'unhandled')).toEqual([]);
  });

  it('S8: 2000 that are reset as soon as they come leave nothing, and take nobody’s place', async () => {
    const { comeIn, advance, refused, honest } = await listener();
    for (let at = 0; at < 2000; at += 1) {
      const { theirs } = comeIn('/ip4/10.0.0.2/tcp/1');
      theirs.duplex.sink.error(new Error('gone'));
      // No faster than one address may come.
      await advance(1_000);
    }
    expect(refused('ERR_TRANSPORT')).toBe(2000);
    expect(await honest('/ip4/10.0.0.2/tcp/1')).toBe(true);
  });

  it('S12: one that comes while the host stops is destroyed, and nothing is told after the end', async () => {
    for (const when of ['before the port closes', 'after it', 'half-way through its upgrade']) {
      const { host, comeIn, advance, events } = await listener();
      const told: string[] = [];
      host.event$.subscribe({ next: ({ type }) => told.push(type), complete: () => told.push('complete') });
      const early = comeIn('/ip4/10.0.0.2/tcp/1');
      if (when.startsWith('half')) {
        early.theirs.say(tokens('/noise'));
        await advance();
      }
      const stopped = host.stop();
      const late = when.startsWith('before') ? comeIn('/ip4/10.0.0.2/tcp/2') : undefined;
      await advance();
      await stopped;
      if (when.startsWith('after')) comeIn('/ip4/10.0.0.2/tcp/2');
      await advance(20_000);
      expect([early.theirs.ended, late?.theirs.ended ?? 'ERR_TRANSPORT']).toEqual([
        'ERR_TRANSPORT',
        'ERR_TRANSPORT',
      ]);
      expect([told.at(-1), told.filter((type) => type === 'complete').length]).toEqual(['complete', 1]);
      expect(events.filter(({ type }) => type === 'connection:open' || type === 'unhandled')).toEqual([]);
    }
  });
});

describe('an address', () => {
  it('S14: of IPv4 in IPv6 clothes is its IPv4 address', () => {
    expect(tcpMultiaddr('::ffff:10.0.0.1', 5).toString()).toBe('/ip4/10.0.0.1/tcp/5');
    expect(tcpMultiaddr('::ffff:a00:1', 5).toString()).toBe('/ip4/10.0.0.1/tcp/5');
  });

  it('S14: counts under the same, however it is spelt', () => {
    const clock = new VirtualClock();
    const context = { scheduler: clock, random: seededRandom(1), privateKey: listenerKey };
    const parts = { security: [noise().create(context)], muxers: [yamux().create(context)] };
    const pending = new PendingInbound(parts, clock);
    const refused: unknown[] = [];
    const knock = (addr: string): void => {
      const [duplex] = memoryPair(
        clock,
        () => 0,
        () => 0,
      );
      const localAddr = parseMultiaddr('/ip4/10.0.0.9/tcp/1');
      pending
        .upgrade({ duplex, localAddr, remoteAddr: parseMultiaddr(addr) })
        .subscribe({ error: (error: unknown) => refused.push(error) });
    };
    for (let port = 1; port <= 4; port += 1) {
      knock(`/ip4/10.0.0.1/tcp/${String(port)}`);
      knock(`/ip6/::ffff:10.0.0.1/tcp/${String(port)}`);
    }
    expect(refused).toEqual([]);
    knock('/ip6/::ffff:a00:1/tcp/9');
    expect(refused).toMatchObject([{ code: 'ERR_LIMIT', scope: '10.0.0.1', value: 8 }]);
  });
});

describe('time', () => {
  it('S1: who says nothing has five seconds, and then its slot is free', async () => {
    const bench = await hostBench();
    const peer = await bench.knock();
    await bench.advance(4_999);
    expect(peer.ended).toBeUndefined();
    await bench.advance(1);
    expect(peer.ended).toBe('ERR_TRANSPORT');
    expect(bench.events.filter(({ type }) => type === 'connection:refuse')).toMatchObject([
      {
        code: 'ERR_TIMEOUT',
        stage: 'upgrade',
        error: { stage: 'the first byte of an inbound connection', afterMs: 5_000 },
      },
    ]);
  });

  it.each([1, 4_999])('S1, S2: who says its first byte after %d ms has ten seconds in all', async (after) => {
    const bench = await hostBench();
    const peer = await bench.knock();
    await bench.advance(after);
    peer.say(HEADER_FRAME.subarray(0, 1));
    await bench.advance(9_999 - after);
    expect(peer.ended).toBeUndefined();
    await bench.advance(1);
    expect(bench.events.find(({ type }) => type === 'connection:refuse')).toMatchObject({
      error: { code: 'ERR_TIMEOUT', stage: 'the inbound upgrade', afterMs: 10_000 },
    });
  });

  it.each(['nothing', 'a byte a second'])(
    'S2: a dial to whoever answers %s ends by itself, with a typed error',
    async (what) => {
      const { clock, hosts } = await twoHosts((duplex, dialed) =>
        dialed ? mute(duplex, what !== 'nothing') : duplex,
      );
      const [a, b] = hosts;
      const outcome: { error: unknown; at: number }[] = [];
      a.dial(b.addrs).subscribe({ error: (error: unknown) => outcome.push({ error, at: clock.now() }) });
      for (let steps = 0; steps < 1000 && outcome.length === 0; steps += 1) clock.step();
      expect(outcome).toMatchObject([
        { error: { code: 'ERR_DIAL_FAILED', errors: [{ error: { code: 'ERR_TIMEOUT' } }] } },
      ]);
      expect(outcome[0]?.at).toBeLessThanOrEqual(15_000);
      expect(a.connections).toEqual([]);

      /** A remote that takes all, and answers the header a byte a second, or nothing. */
      function mute(duplex: Duplex, dribbles: boolean): Duplex {
        const [ours, theirs] = memoryPair(
          clock,
          () => 0,
          () => 0,
        );
        duplex.read().subscribe({ error: () => undefined });
        theirs.read().subscribe({ error: () => undefined });
        let said = 0;
        if (dribbles)
          clock.schedule(function () {
            theirs.sink.next(HEADER_FRAME.subarray(said, (said += 1)));
            this.schedule(undefined, 1000);
          }, 1000);
        return ours;
      }
    },
  );
});

// ── whole connections over wires that cut, join and break ────────────────────────────────────────────────────────────
async function twoHosts(change: (duplex: Duplex, dialed: boolean, clock: VirtualClock) => Duplex): Promise<{
  readonly clock: VirtualClock;
  readonly hosts: readonly [Host, Host];
  readonly events: HostEvent[];
}> {
  const clock = new VirtualClock();
  const network = createMemoryNetwork();
  const events: HostEvent[] = [];
  const make = (seed: string, privateKey: typeof listenerKey): Promise<Host> =>
    createHost({
      privateKey,
      scheduler: clock,
      random: seededRandom(seed),
      transports: [
        changed(memory({ network, latencyMs: LATENCY_MS }), (duplex, dialed) =>
          change(duplex, dialed, clock),
        ),
      ],
      security: [noise()],
      muxers: [yamux()],
      listen: ['/memory/0'],
      events: { next: (event) => events.push(event) },
    });
  const hosts = [await make('a', dialerKey), await make('b', listenerKey)] as const;
  hosts[1]
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  return { clock, hosts, events };
}

interface Run {
  readonly echoed: string;
  /** What happened, without times and ids. */
  readonly happened: readonly string[];
  /** How many bytes each end has read. */
  readonly read: readonly [number, number];
}

/** A lazy stream from cold, so that its first bytes travel with the end of the handshake, and its echo. */
async function echoOver(
  segmenting: (dialed: boolean, clock: VirtualClock) => Segmenting | undefined,
): Promise<Run> {
  const read: [number, number] = [0, 0];
  const { clock, hosts, events } = await twoHosts((duplex, dialed, time) => {
    const counted: Segmenting = (chunk, offset, deliver) => {
      read[dialed ? 0 : 1] += chunk.byteLength;
      (segmenting(dialed, time) ?? whole)(chunk, offset, deliver);
    };
    return segmented(duplex, counted, time);
  });
  const [a, b] = hosts;
  const echoed: Uint8Array[] = [];
  a.newStream(b.addrs, ECHO, { lazy: true }).subscribe((stream) => {
    stream.subscribe({ next: (bytes) => echoed.push(bytes), complete: () => undefined });
    stream.next(utf8('one, '));
    stream.next(utf8('two, '));
    stream.next(utf8('three'));
    stream.complete();
  });
  while ((clock.nextAt ?? Infinity) < 1000) clock.step();
  return { echoed: Buffer.concat(echoed).toString(), happened: events.map(({ type }) => type).sort(), read };
}
const whole: Segmenting = (chunk, _, deliver) => {
  deliver(chunk);
};

describe('segments', () => {
  it('S9: what comes in one segment with the end of the handshake is delivered in order', async () => {
    const expected = await echoOver(() => undefined);
    expect(expected.echoed).toBe('one, two, three');
    const joined = new Map<boolean, Segmenting>();
    const got = await echoOver((dialed, clock) => {
      const known = joined.get(dialed) ?? together(clock);
      joined.set(dialed, known);
      return known;
    });
    expect([got.echoed, got.happened]).toEqual([expected.echoed, expected.happened]);
  });

  it('S10: of one byte each make no difference', async () => {
    const expected = await echoOver(() => undefined);
    const got = await echoOver(() => byteByByte);
    expect([got.echoed, got.happened]).toEqual([expected.echoed, expected.happened]);
  });

  it.each(['dialer', 'listener'])(
    'S10: cut at any byte that the %s reads make no difference',
    async (side) => {
      const expected = await echoOver(() => undefined);
      const total = expected.read[side === 'dialer' ? 0 : 1];
      expect(total).toBeGreaterThan(300);
      for (let boundary = 1; boundary < total; boundary += 1) {
        const got = await echoOver((dialed) =>
          dialed === (side === 'dialer') ? cutAt(boundary) : undefined,
        );
        expect([boundary, got.echoed, got.happened]).toEqual([boundary, expected.echoed, expected.happened]);
      }
    },
  );
});

describe.each<[string, Break]>([
  ['S3: a reset', 'reset'],
  ['S4: an end', 'end'],
])('%s after any byte of the upgrade', (_, how) => {
  interface Outcome {
    readonly inbound: Upgraded | Libp2pError | undefined;
    readonly outbound: Upgraded | Libp2pError | undefined;
  }
  /** An upgrade over a wire that breaks after so many bytes from the dialer (or from the listener). */
  function upgradeOver(after: number, from: 'dialer' | 'listener'): Outcome {
    const clock = new VirtualClock();
    const pair = (): readonly [Duplex, Duplex] =>
      memoryPair(
        clock,
        () => 0,
        () => 0,
      );
    const [[dialer, near], [far, listener]] = [pair(), pair()];
    if (from === 'dialer') breaking(near, far, after, how);
    else breaking(far, near, after, how);
    const addrs = { localAddr: parseMultiaddr('/memory/1'), remoteAddr: parseMultiaddr('/memory/2') };
    const partsOf = (privateKey: typeof dialerKey) => {
      const random = seededRandom(privateKey === dialerKey ? 'dialer' : 'listener');
      const context = { scheduler: clock, random, privateKey };
      return { security: [noise().create(context)], muxers: [yamux().create(context)] };
    };
    const outcome: { -readonly [K in keyof Outcome]: Outcome[K] } = {
      inbound: undefined,
      outbound: undefined,
    };
    new PendingInbound(partsOf(listenerKey), clock).upgrade({ duplex: listener, ...addrs }).subscribe({
      next: (upgraded) => (outcome.inbound = upgraded),
      error: (error: unknown) => (outcome.inbound = error as Libp2pError),
    });
    upgradeOutbound({ duplex: dialer, ...addrs }, peerIdFrom(listenerKey), partsOf(dialerKey))
      .pipe(upgradedOnly())
      .subscribe({
        next: (upgraded) => (outcome.outbound = upgraded),
        error: (error: unknown) => (outcome.outbound = error as Libp2pError),
      });
    while (clock.nextAt === 0) clock.step();
    return outcome;
  }

  it.each(['dialer', 'listener'] as const)(
    'from the %s ends it at once, at both ends, with a typed error',
    (from) => {
      const code = how === 'reset' ? 'ERR_TRANSPORT' : 'ERR_UNEXPECTED_END';
      let upgrades = 0;
      for (let after = 0; upgrades === 0 && after < 2000; after += 1) {
        const { inbound, outbound } = upgradeOver(after, from);
        for (const end of [inbound, outbound]) {
          if (end instanceof Error) expect([after, end.code, end.fault]).toEqual([after, code, 'network']);
          // Nobody may still be waiting.
          else expect(end).toBeDefined();
        }
        // Up to the last byte, whoever was to read it has nothing.
        if (!((from === 'dialer' ? inbound : outbound) instanceof Error)) upgrades = after;
      }
      expect(upgrades).toBeGreaterThan(200);
    },
  );
});

describe('a connection', () => {
  it('S5: whose peer ends its side and reads on is closed, and not kept half open', async () => {
    const bench = await hostBench();
    const peer = await bench.connect();
    expect(bench.host.connections).toHaveLength(1);
    peer.below.sink.complete();
    await bench.advance(1_000);
    expect([bench.host.connections, peer.ended]).toEqual([[], 'complete']);
    const rooms: string[] = [];
    peer.below.room$.subscribe({ complete: () => rooms.push('closed') });
    expect(rooms).toEqual(['closed']);
  });

  it('S11: whose peer gives window by single bytes gets as many frames, and no more work than that', async () => {
    const bench = await hostBench();
    bench.host.handle('/source').subscribe((stream) => {
      stream.next(new Uint8Array(300 * 1024));
    });
    const peer = await bench.connect();
    peer.say(opening(1, tokens('/source')));
    await bench.advance();
    const before = peer.frames.filter(({ type }) => type === TYPE.data);
    expect(peer.answerOn(1).length).toBe(256 * 1024);
    for (let credit = 0; credit < 100; credit += 1) {
      peer.say(frameHeader(TYPE.windowUpdate, 0, 1, 1));
      await bench.advance();
    }
    const after = peer.frames.filter(({ type }) => type === TYPE.data).slice(before.length);
    expect(after.map(({ length }) => length)).toEqual(new Array<number>(100).fill(1));
  });

  it('S11: whose peer sends frames of no length does nothing, and lives on', async () => {
    const bench = await hostBench();
    bench.host
      .handle(ECHO)
      .pipe(serve((stream) => stream.pipeTo(stream)))
      .subscribe();
    const peer = await bench.connect();
    peer.say(opening(1, tokens(ECHO)));
    await bench.advance();
    const before = peer.frames.length;
    for (let at = 0; at < 1000; at += 1)
      peer.say(dataFrame(1, new Uint8Array(0)), frameHeader(TYPE.windowUpdate, 0, 1, 0));
    await bench.advance();
    expect([peer.frames.length, peer.ended]).toEqual([before, undefined]);
    peer.say(dataFrame(1, utf8('still here'), FLAG.fin));
    await bench.advance();
    expect(peer.answerOn(1)).toContain('still here');
  });
});
