import { BehaviorSubject, take, VirtualTimeScheduler, type Observable } from 'rxjs';
import { Uint8ArrayList } from 'uint8arraylist';
import type { Duplex } from '../../src/core/duplex.js';
import { codeOf, Libp2pError } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { ListenEvent, RawConnection, Transport } from '../../src/core/parts.js';
import { createMemoryNetwork, memory, type MemoryNetwork } from '../../src/transports/memory.js';
import { seededRandom } from '../../src/testing/seeded-random.js';

const LATENCY_MS = 100;
const PEER = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq';
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

interface Bench {
  readonly clock: VirtualTimeScheduler;
  readonly network: MemoryNetwork;
  readonly transport: Transport;
  /** Runs everything that is due within `ms` from the start. */
  runTo(ms: number): void;
}
/** On a network that is given, links have its latency. */
function bench(latencyMs = LATENCY_MS, given?: MemoryNetwork): Bench {
  const network = given ?? createMemoryNetwork();
  const clock = new VirtualTimeScheduler();
  const part = memory(given === undefined ? { latencyMs, network } : { network });
  return {
    clock,
    network,
    transport: part.create({ scheduler: clock, random: seededRandom(1) }),
    runTo: (ms) => {
      clock.maxFrames = ms;
      clock.flush();
      // The clock of RxJS stops at the last thing done.
      clock.frame = Math.max(clock.frame, ms);
    },
  };
}

/** What happened, each with its time. */
function record<T>(
  clock: VirtualTimeScheduler,
  source: Observable<T>,
  show: (value: T) => unknown,
): unknown[] {
  const seen: unknown[] = [];
  source.subscribe({
    next: (value) => seen.push([clock.now(), show(value)]),
    error: (error: unknown) => seen.push([clock.now(), `# ${codeOf(error)}`]),
    complete: () => seen.push([clock.now(), '|']),
  });
  return seen;
}
const readText = (clock: VirtualTimeScheduler, duplex: Duplex, room$?: Observable<boolean>): unknown[] =>
  record(clock, duplex.read(room$), (bytes) => new TextDecoder().decode(bytes));

/** A connection from a dialing to an accepting end, open since 200 ms. */
function pair(latencyMs = LATENCY_MS): Bench & { readonly near: Duplex; readonly far: Duplex } {
  const made = bench(latencyMs);
  let near: Duplex | undefined;
  let far: Duplex | undefined;
  made.transport.listen(parseMultiaddr('/memory/7')).subscribe((event) => {
    if (event.type === 'inbound') far = event.connection.duplex;
  });
  made.transport.dial(parseMultiaddr('/memory/7')).subscribe(({ duplex }) => (near = duplex));
  made.runTo(2 * latencyMs);
  return { ...made, near: near!, far: far! };
}

describe('addresses', () => {
  const { transport } = bench();

  it.each([
    ['/memory/1', true, true],
    [`/memory/1/p2p/${PEER}`, true, true],
    ['/memory/18446744073709551615', true, true],
    ['/memory/0', false, true],
    ['/memory/1/tcp/1', false, false],
    ['/memory/1/memory/2', false, false],
    ['/ip4/1.2.3.4/tcp/1', false, false],
    [`/p2p/${PEER}`, false, false],
  ])('%s can be dialed: %s, listened on: %s', (addr, dial, listen) => {
    expect([transport.canDial(parseMultiaddr(addr)), transport.canListen(parseMultiaddr(addr))]).toEqual([
      dial,
      listen,
    ]);
  });

  it('that it cannot dial or listen on are refused by a typed error', () => {
    const { clock } = bench();
    const tcp = parseMultiaddr('/ip4/1.2.3.4/tcp/1');
    for (const source of [
      transport.dial(tcp),
      transport.dial(parseMultiaddr('/memory/0')),
      transport.listen(tcp),
    ])
      expect(record<unknown>(clock, source as Observable<unknown>, String)).toEqual([
        [0, '# ERR_ADDR_UNSUPPORTED'],
      ]);
  });
});

describe('listening', () => {
  it('is there inside subscribe, on the number asked for or on free ones in order', () => {
    const { transport, clock } = bench();
    const listen = (addr: string): unknown[] =>
      record(clock, transport.listen(parseMultiaddr(addr)), (event) =>
        event.type === 'listening' ? event.addrs.map(String) : event.type,
      );
    expect(listen('/memory/2')).toEqual([[0, ['/memory/2']]]);
    expect(listen('/memory/0')).toEqual([[0, ['/memory/1']]]);
    expect(listen('/memory/0')).toEqual([[0, ['/memory/3']]]);
  });

  it('on a number that is taken errors and names it; the first is not disturbed', () => {
    const { transport, clock, runTo } = bench();
    const first: string[] = [];
    transport.listen(parseMultiaddr('/memory/5')).subscribe(({ type }) => first.push(type));
    let error: unknown;
    transport.listen(parseMultiaddr('/memory/5')).subscribe({ error: (thrown: unknown) => (error = thrown) });
    expect([codeOf(error), (error as Libp2pError).fault]).toEqual(['ERR_LISTEN_FAILED', 'local']);
    expect((error as Libp2pError).message).toContain('/memory/5');
    record(clock, transport.dial(parseMultiaddr('/memory/5')), () => undefined);
    runTo(1000);
    expect(first).toEqual(['listening', 'inbound']);
  });

  it('ends with the subscription: the number is free again, what came through it lives on', () => {
    const { transport, clock, runTo } = bench();
    const accepted: RawConnection[] = [];
    const listener = transport.listen(parseMultiaddr('/memory/5')).subscribe((event: ListenEvent) => {
      if (event.type === 'inbound') accepted.push(event.connection);
    });
    let near: Duplex | undefined;
    transport.dial(parseMultiaddr('/memory/5')).subscribe(({ duplex }) => (near = duplex));
    runTo(200);
    listener.unsubscribe();
    const seen = readText(clock, accepted[0]!.duplex);
    near?.sink.next(text('on'));
    const refused = record(clock, transport.dial(parseMultiaddr('/memory/5')), () => 'connected');
    runTo(1000);
    expect([seen, refused]).toEqual([[[300, 'on']], [[400, '# ERR_TRANSPORT']]]);
    expect(record(clock, transport.listen(parseMultiaddr('/memory/5')), ({ type }) => type)).toEqual([
      [1000, 'listening'],
    ]);
  });
});

describe('connecting', () => {
  it('takes one round trip, half of it until the other end knows', () => {
    const { transport, clock, runTo } = bench();
    const events = record(clock, transport.listen(parseMultiaddr('/memory/7')), (event) =>
      event.type === 'inbound'
        ? [String(event.connection.localAddr), String(event.connection.remoteAddr)]
        : event.type,
    );
    const dialed = record(clock, transport.dial(parseMultiaddr(`/memory/7/p2p/${PEER}`)), (connection) => [
      String(connection.localAddr),
      String(connection.remoteAddr),
    ]);
    runTo(1000);
    expect(events).toEqual([
      [0, 'listening'],
      [100, ['/memory/7', '/memory/7']],
    ]);
    expect(dialed).toEqual([
      [200, ['/memory/7', '/memory/7']],
      [200, '|'],
    ]);
  });

  it('lets the accepting end speak first: its bytes come with the connection', () => {
    const { transport, clock, runTo } = bench();
    transport.listen(parseMultiaddr('/memory/7')).subscribe((event) => {
      if (event.type === 'inbound') event.connection.duplex.sink.next(text('welcome'));
    });
    let seen: unknown[] = [];
    transport.dial(parseMultiaddr('/memory/7')).subscribe(({ duplex }) => {
      seen = readText(clock, duplex);
    });
    runTo(1000);
    expect(seen).toEqual([[200, 'welcome']]);
  });

  it('to where nobody listens is refused after one round trip', () => {
    const { transport, runTo, clock } = bench();
    let error: unknown;
    transport.dial(parseMultiaddr('/memory/9')).subscribe({
      error: (thrown: unknown) => {
        error = thrown;
        expect(clock.now()).toBe(200);
      },
    });
    runTo(199);
    expect(error).toBeUndefined();
    runTo(200);
    expect([codeOf(error), (error as Libp2pError).fault]).toEqual(['ERR_TRANSPORT', 'network']);
    expect((error as Libp2pError).message).toMatch(/\/memory\/9.*refused/);
  });

  it('dials once for every subscriber, and not before', () => {
    const { transport, runTo } = bench();
    let inbound = 0;
    transport
      .listen(parseMultiaddr('/memory/7'))
      .subscribe(({ type }) => (inbound += Number(type === 'inbound')));
    const dial$ = transport.dial(parseMultiaddr('/memory/7'));
    runTo(1000);
    expect(inbound).toBe(0);
    dial$.subscribe();
    dial$.subscribe();
    runTo(2000);
    expect(inbound).toBe(2);
  });

  it.each([
    [50, []],
    [150, [[250, '# ERR_TRANSPORT']]],
  ])('abandoned after %d ms leaves nothing: the other end has seen %j', (afterMs, expected) => {
    const { transport, clock, runTo } = bench();
    let far: unknown[] = [];
    transport.listen(parseMultiaddr('/memory/7')).subscribe((event) => {
      if (event.type === 'inbound') far = readText(clock, event.connection.duplex);
    });
    const emitted: unknown[] = [];
    const dial = transport
      .dial(parseMultiaddr('/memory/7'))
      .subscribe((connection) => emitted.push(connection));
    runTo(afterMs);
    dial.unsubscribe();
    runTo(1000);
    expect([emitted, far]).toEqual([[], expected]);
  });

  it('is not undone by unsubscribing once it has emitted', () => {
    const { transport, clock, runTo } = bench();
    let far: unknown[] = [];
    transport.listen(parseMultiaddr('/memory/7')).subscribe((event) => {
      if (event.type === 'inbound') far = readText(clock, event.connection.duplex);
    });
    transport.dial(parseMultiaddr('/memory/7')).pipe(take(1)).subscribe().unsubscribe();
    let near: Duplex | undefined;
    transport
      .dial(parseMultiaddr('/memory/7'))
      .pipe(take(1))
      .subscribe(({ duplex }) => (near = duplex));
    runTo(200);
    near?.sink.next(text('alive'));
    runTo(1000);
    expect(far).toEqual([[300, 'alive']]);
  });

  it('in another network finds nobody', () => {
    const [one, other] = [bench(), bench()];
    one.transport.listen(parseMultiaddr('/memory/7')).subscribe();
    const seen = record(other.clock, other.transport.dial(parseMultiaddr('/memory/7')), () => 'connected');
    other.runTo(1000);
    expect(seen).toEqual([[200, '# ERR_TRANSPORT']]);
  });

  it('finds the hosts of the same process when no network is named', () => {
    const clock = new VirtualTimeScheduler();
    const context = { scheduler: clock, random: seededRandom(1) };
    const [one, other] = [memory().create(context), memory().create(context)];
    let addr = '';
    const listener = one.listen(parseMultiaddr('/memory/0')).subscribe((event) => {
      if (event.type === 'listening') addr = String(event.addrs[0]);
    });
    const seen = record(clock, other.dial(parseMultiaddr(addr)), () => 'connected');
    clock.flush();
    listener.unsubscribe();
    expect(seen).toEqual([
      [0, 'connected'],
      [0, '|'],
    ]);
  });
});

describe('bytes', () => {
  it('arrive after the latency, in order, those of one turn together, chunk by chunk', () => {
    const { clock, near, far, runTo } = pair();
    const seen = readText(clock, far);
    near.sink.next(text('a'));
    near.sink.next(text('b'));
    clock.schedule(() => {
      near.sink.next(new Uint8ArrayList(text('c'), text('d')));
    }, 50);
    runTo(1000);
    expect(seen).toEqual([
      [300, 'a'],
      [300, 'b'],
      [350, 'cd'],
    ]);
  });

  it('never arrive inside next, also without latency', () => {
    const { clock, near, far, runTo } = pair(0);
    const seen = readText(clock, far);
    near.sink.next(text('a'));
    expect(seen).toEqual([]);
    runTo(0);
    expect(seen).toEqual([[0, 'a']]);
  });

  it('go both ways at once', () => {
    const { clock, near, far, runTo } = pair();
    const [nearSeen, farSeen] = [readText(clock, near), readText(clock, far)];
    near.sink.next(text('to'));
    far.sink.next(text('fro'));
    runTo(1000);
    expect([nearSeen, farSeen]).toEqual([[[300, 'fro']], [[300, 'to']]]);
  });

  it('are a copy: what the writer does to its buffer later is not seen', () => {
    const { clock, near, far, runTo } = pair();
    const seen = readText(clock, far);
    const buffer = text('before');
    near.sink.next(buffer);
    buffer.fill(0);
    runTo(1000);
    expect(seen).toEqual([[300, 'before']]);
  });

  it('are plain bytes, whatever was written', () => {
    const { near, far, runTo } = pair();
    const seen: unknown[] = [];
    far.read().subscribe((bytes) => seen.push(Object.getPrototypeOf(bytes)));
    near.sink.next(Buffer.from('buffer'));
    runTo(1000);
    expect(seen).toEqual([Uint8Array.prototype]);
  });

  it('do not overtake each other when the link becomes faster', () => {
    let latencyMs = 100;
    const made = bench(
      undefined,
      createMemoryNetwork(() => latencyMs),
    );
    let far: unknown[] = [];
    made.transport.listen(parseMultiaddr('/memory/7')).subscribe((event) => {
      if (event.type === 'inbound') far = readText(made.clock, event.connection.duplex);
    });
    made.transport.dial(parseMultiaddr('/memory/7')).subscribe(({ duplex }) => {
      duplex.sink.next(text('slow'));
      latencyMs = 10;
      made.clock.schedule(() => {
        duplex.sink.next(text('fast'));
      }, 20);
      made.clock.schedule(() => {
        duplex.sink.next(text('later'));
        duplex.sink.complete();
      }, 200);
    });
    made.runTo(1000);
    expect(far).toEqual([
      [300, 'slow'],
      [300, 'fast'],
      [410, 'later'],
      [410, '|'],
    ]);
  });

  it('come in order: 10,000 chunks over 100 turns', () => {
    const { clock, near, far, runTo } = pair();
    let next = 0;
    far.read().subscribe((bytes) => {
      expect(new DataView(bytes.buffer).getUint32(0)).toBe(next);
      next += 1;
    });
    for (let turn = 0; turn < 100; turn += 1)
      clock.schedule(() => {
        for (let i = 0; i < 100; i += 1) {
          const chunk = new Uint8Array(4);
          new DataView(chunk.buffer).setUint32(0, turn * 100 + i);
          near.sink.next(chunk);
        }
      }, turn);
    runTo(1000);
    expect(next).toBe(10_000);
  });
});

describe('back-pressure', () => {
  const KIB = 1024;
  const rooms = (duplex: Duplex): boolean[] => {
    const seen: boolean[] = [];
    duplex.room$.subscribe((room) => seen.push(room));
    return seen;
  };

  it('says no above 256 KiB under way or unread, and yes again from 128 KiB on', () => {
    const { near, far, runTo } = pair();
    const seen = rooms(near);
    near.sink.next(new Uint8Array(256 * KIB));
    expect(seen).toEqual([true]);
    near.sink.next(new Uint8Array(1));
    expect(seen).toEqual([true, false]);
    runTo(1000);
    expect(seen).toEqual([true, false]);
    far.read().subscribe();
    expect(seen).toEqual([true, false, true]);
  });

  it('counts what a reader has in hand until there is room again', () => {
    const { near, far, runTo } = pair();
    const seen = rooms(near);
    const room = new BehaviorSubject(true);
    far.read(room).subscribe(() => {
      room.next(false);
    });
    for (let i = 0; i < 3; i += 1) near.sink.next(new Uint8Array(100 * KIB));
    runTo(1000);
    expect(seen).toEqual([true, false]);
    room.next(true);
    expect(seen).toEqual([true, false]);
    room.next(true);
    expect(seen).toEqual([true, false, true]);
  });

  it('is each direction’s own', () => {
    const { near, far } = pair();
    near.sink.next(new Uint8Array(300 * KIB));
    expect([rooms(near), rooms(far)]).toEqual([[false], [true]]);
  });
});

describe('ends', () => {
  it('half-close: ours arrives after the bytes, and the other end may go on', () => {
    const { clock, near, far, runTo } = pair();
    const [nearSeen, farSeen] = [readText(clock, near), readText(clock, far)];
    near.sink.next(text('last'));
    near.sink.complete();
    near.sink.complete();
    near.sink.next(text('ignored'));
    runTo(400);
    far.sink.next(text('answer'));
    far.sink.complete();
    runTo(1000);
    expect(farSeen).toEqual([
      [300, 'last'],
      [300, '|'],
    ]);
    expect(nearSeen).toEqual([
      [500, 'answer'],
      [500, '|'],
    ]);
  });

  it('room$ completes when both sides have ended', () => {
    const { clock, near, far, runTo } = pair();
    const nearRoom = record(clock, near.room$, String);
    const farRoom = record(clock, far.room$, String);
    near.sink.complete();
    runTo(500);
    expect([nearRoom, farRoom]).toEqual([[[200, 'true']], [[200, 'true']]]);
    far.sink.complete();
    runTo(1000);
    expect([nearRoom.at(-1), farRoom.at(-1)]).toEqual([
      [600, '|'],
      [500, '|'],
    ]);
  });

  it('a reset ends both directions: ours at once, theirs after the latency, with its reason as cause', () => {
    const { clock, near, far, runTo } = pair();
    const reason = new Libp2pError('ERR_YAMUX', 'remote', 'enough');
    const nearSeen = readText(clock, near);
    let error: unknown;
    far.read().subscribe({ error: (thrown: unknown) => (error = thrown) });
    far.sink.next(text('too late'));
    near.sink.next(text('dropped if unread'));
    near.sink.error(reason);
    near.sink.error(new Error('again'));
    expect(nearSeen).toEqual([[200, '# ERR_YAMUX']]);
    runTo(1000);
    expect([codeOf(error), (error as Libp2pError).fault]).toEqual(['ERR_TRANSPORT', 'network']);
    expect(nearSeen).toHaveLength(1);
    far.sink.next(text('ignored'));
    far.sink.complete();
    runTo(2000);
  });

  it('a reset drops what was not read: a shortened stream never completes', () => {
    const { clock, near, far, runTo } = pair();
    near.sink.next(text('unread'));
    near.sink.complete();
    near.sink.error(new Error('reset'));
    runTo(1000);
    expect(readText(clock, far)).toEqual([[1000, '# ERR_TRANSPORT']]);
  });

  it('anything can be thrown at it', () => {
    const { near, far, clock, runTo } = pair();
    const seen = readText(clock, near);
    near.sink.error(undefined);
    runTo(1000);
    expect(seen).toEqual([[200, '# ERR_UNHANDLED']]);
    expect(readText(clock, far)).toEqual([[1000, '# ERR_TRANSPORT']]);
  });
});

describe('options', () => {
  it.each([
    [{ latency: 5 }, /memory has no option "latency" \(its value: 5\)/],
    [{ latencyMs: -1 }, /latencyMs is -1/],
    [{ latencyMs: NaN }, /latencyMs/],
    [{ latencyMs: Infinity }, /latencyMs/],
    [{ latencyMs: '5' }, /latencyMs is "5"/],
  ])('%j is refused, named with its value', (options, message) => {
    expect(() => memory(options as object)).toThrow(message);
  });

  it('may bring a clock of their own', () => {
    const clock = new VirtualTimeScheduler();
    const network = createMemoryNetwork();
    const part = memory({ scheduler: clock, network, latencyMs: 5 });
    const unused = new VirtualTimeScheduler();
    const transport = part.create({ scheduler: unused, random: seededRandom(1) });
    transport.listen(parseMultiaddr('/memory/1')).subscribe();
    const seen = record(clock, transport.dial(parseMultiaddr('/memory/1')), () => 'connected');
    clock.flush();
    expect([seen[0], unused.actions.length]).toEqual([[10, 'connected'], 0]);
  });
});
