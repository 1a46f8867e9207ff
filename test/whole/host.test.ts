import {
  firstValueFrom,
  from,
  lastValueFrom,
  map,
  merge,
  of,
  Subject,
  takeUntil,
  timer,
  toArray,
  type Observable,
} from 'rxjs';
import {
  byteStream,
  createHost,
  DialError,
  Libp2pError,
  lengthPrefixed,
  lines,
  memory,
  ofType,
  peerIdFrom,
  serve,
  StreamBufferError,
  StreamResetError,
  withLengthPrefix,
  withStream,
  type HostEvent,
  type HostOptions,
  type ServiceContext,
} from '../../src/index.js';
import { simulateNetwork } from '../../src/testing.js';
import { twoHosts, type TwoHosts } from '../support/two-hosts.js';

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const STRANGER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';

let { net, a, b, events, open } = {} as TwoHosts;
beforeEach(async () => {
  ({ net, a, b, events, open } = await twoHosts());
});
const all = <T>(source: Observable<T>): Promise<T[]> => net.runUntil(lastValueFrom(source.pipe(toArray())));
const codeOf = (source: Observable<unknown>): Promise<unknown> =>
  net.runUntil(
    lastValueFrom(source).then(
      () => 'no error',
      (error: unknown) => (error as Libp2pError).code,
    ),
  );

describe('streams', () => {
  it('echo, by one line on each side', async () => {
    b.handle('/echo')
      .pipe(serve((stream) => stream.pipeTo(stream)))
      .subscribe();
    const got = all(
      a.newStream(b.addrs, '/echo').pipe(
        withStream((stream) =>
          merge(
            stream.writeFrom([text('one\n'), text('two\n')]),
            of(0).pipe(
              map(() => {
                stream.complete();
                return '';
              }),
            ),
            stream.pipe(lines({ maxBytes: 100 })),
          ),
        ),
      ),
    );
    expect((await got).filter((line) => line !== '')).toEqual(['one', 'two']);
  });

  it('take frames one at a time, and the next when the last is done', async () => {
    const log: string[] = [];
    b.handle('/rpc')
      .pipe(
        serve((stream) =>
          stream.consume(lengthPrefixed({ maxBytes: 10 }), (frame) => {
            log.push(`begin ${decode(frame)}`);
            return timer(10, net.scheduler).pipe(map(() => log.push(`end ${decode(frame)}`)));
          }),
        ),
      )
      .subscribe();
    const stream = await open('/rpc');
    from(['a', 'b', 'c'])
      .pipe(map(text), withLengthPrefix())
      .subscribe((frame) => {
        stream.next(frame);
      });
    await net.advance(100);
    expect(log).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
  });

  it('bear five thousand frames in one chunk behind one that takes its time', async () => {
    let seen = 0;
    b.handle('/rpc')
      .pipe(
        serve((stream) =>
          stream.consume(lengthPrefixed({ maxBytes: 10 }), () => {
            seen += 1;
            return seen === 1 ? timer(1, net.scheduler) : of(0);
          }),
        ),
      )
      .subscribe();
    const stream = await open('/rpc');
    stream.next(new Uint8Array(10_000).map((_, i) => (i % 2 === 0 ? 1 : 7)));
    await net.advance(100);
    expect(seen).toBe(5000);
  });

  it('are read by async iteration and by exact lengths', async () => {
    const got: string[] = [];
    b.handle('/iterate')
      .pipe(
        serve(async (stream) => {
          for await (const chunk of stream) got.push(decode(chunk));
        }),
      )
      .subscribe();
    b.handle('/exact')
      .pipe(
        serve(async (stream) => {
          const io = byteStream(stream);
          const length = (await io.read(4))[3] ?? 0;
          await io.write(await io.read(length));
        }),
      )
      .subscribe();
    const stream = await open('/iterate');
    stream.next(text('hello'));
    stream.complete();
    await net.advance(100);
    expect(got.join('')).toBe('hello');
    const exact = await open('/exact');
    exact.next(Uint8Array.of(0, 0, 0, 3, 7, 8, 9));
    exact.complete();
    expect((await all(exact)).map((chunk) => [...chunk])).toEqual([[7, 8, 9]]);
  });

  it('are web streams too', async () => {
    b.handle('/echo')
      .pipe(serve((stream) => stream.pipeTo(stream)))
      .subscribe();
    const { readable, writable } = (await open('/echo')).toWeb();
    const writer = writable.getWriter();
    void writer.write(text('web'));
    void writer.close();
    const reader = readable.getReader();
    expect(decode((await net.runUntil(reader.read())).value ?? new Uint8Array(0))).toBe('web');
    expect((await net.runUntil(reader.read())).done).toBe(true);
  });

  it('hold back a writer whose reader never reads, within the window', async () => {
    b.handle('/upload').subscribe();
    const stream = await open('/upload');
    const chunk = new Uint8Array(64 * 1024);
    let pulled = 0;
    const source = (function* () {
      for (; pulled < 1024; pulled += 1) yield chunk;
    })();
    stream.writeFrom(source).subscribe();
    await net.advance(10_000);
    // The remote's window, our queue up to its high-water mark, and one chunk.
    expect(pulled * chunk.byteLength).toBeLessThanOrEqual((256 + 256 + 64 + 64) * 1024);
    expect(stream.hasRoom).toBe(false);
  });

  it('are reset when more is written than they queue', async () => {
    b.handle('/upload').subscribe();
    const stream = await open('/upload');
    for (let i = 0; i < 6; i += 1) stream.next(new Uint8Array(1024 * 1024));
    await net.advance(100);
    expect((await net.runUntil(stream.closed$)).error).toBeInstanceOf(StreamBufferError);
    stream.next(text('ignored'));
  });

  it('carry a reset with its code to the other side', async () => {
    b.handle('/reset')
      .pipe(
        serve((stream) =>
          stream.pipe(
            map(() => {
              stream.error(new Error('why'), 0x77);
              return 0;
            }),
          ),
        ),
      )
      .subscribe();
    const stream = await open('/reset');
    stream.next(text('x'));
    const error: unknown = await net.runUntil(lastValueFrom(stream).catch((thrown: unknown) => thrown));
    expect(error).toBeInstanceOf(StreamResetError);
    expect((error as StreamResetError).resetCode).toBe(0x77);
  });

  it('are reset when nothing moves for their idle time', async () => {
    b.handle('/idle').subscribe();
    const stream = await open('/idle');
    await net.advance(119_000);
    expect(a.connections[0]?.streams).toHaveLength(1);
    await net.advance(2000);
    expect((await net.runUntil(stream.closed$)).error).toMatchObject({
      code: expect.stringMatching(/IDLE|RESET/) as string,
    });
  });

  it('refuse a protocol that nobody handles: at once, or on the first read', async () => {
    expect(await codeOf(a.newStream(b.addrs, ['/x', '/y']))).toBe('ERR_UNSUPPORTED_PROTOCOL');
    const stream = await open('/x', true);
    stream.next(text('hello'));
    expect(await codeOf(stream)).toBe('ERR_UNSUPPORTED_PROTOCOL');
    expect(a.connections).toHaveLength(1);
  });

  it('offer several protocols in order', async () => {
    b.handle('/b').subscribe();
    expect((await net.runUntil(a.newStream(b.addrs, ['/a', '/b']))).protocol).toBe('/b');
  });

  it('that are unsubscribed from before they come are not opened', async () => {
    b.handle('/x').subscribe();
    await net.runUntil(a.dial(b.addrs));
    a.newStream(b.addrs, '/x').subscribe().unsubscribe();
    await net.advance(100);
    expect([a, b].map((host) => host.connections[0]?.streams.length)).toEqual([0, 0]);
  });
});

describe('handlers', () => {
  it('own an id while they are subscribed', async () => {
    const first = b.handle('/x').subscribe();
    expect(b.protocols).toEqual(['/x']);
    expect(await codeOf(b.handle(['/y', '/x']))).toBe('ERR_PROTOCOL_TAKEN');
    expect(b.protocols).toEqual(['/x']);
    first.unsubscribe();
    expect(b.protocols).toEqual([]);
  });

  it('match by function behind exact ids, and one that throws does not match', async () => {
    const got: string[] = [];
    b.handle({
      name: '/bad',
      matches: () => {
        throw new Error('in a matcher');
      },
    }).subscribe();
    b.handle({ name: '/x/1', matches: (id) => id.startsWith('/x/') }).subscribe((stream) =>
      got.push(`matched ${stream.protocol}`),
    );
    b.handle('/x/2').subscribe(() => got.push('exact'));
    await open('/x/1.5');
    await open('/x/2');
    expect(got).toEqual(['matched /x/1.5', 'exact']);
  });

  it('that fail reset their stream and hurt no other', async () => {
    b.handle('/fail')
      .pipe(
        serve((stream) =>
          stream.pipe(
            map((bytes) => {
              if (decode(bytes) === 'bad') throw new Error('in a handler');
              stream.next(bytes);
            }),
          ),
        ),
      )
      .subscribe();
    const [bad, good] = [await open('/fail'), await open('/fail')];
    bad.next(text('bad'));
    expect(await codeOf(bad)).toBe('ERR_STREAM_RESET');
    good.next(text('good'));
    expect(decode(await net.runUntil(firstValueFrom(good)))).toBe('good');
    expect(events.filter(({ type }) => type === 'handler:error')).toMatchObject([
      { message: 'in a handler', protocol: '/fail' },
    ]);
  });

  it('take no more streams than they said', async () => {
    b.handle('/few', { maxInboundStreams: 1 }).subscribe();
    await open('/few');
    const excess = await open('/few', true);
    excess.next(text('x'));
    expect((await net.runUntil(excess.closed$)).code).toBe(0x1002);
    expect(events.filter(({ type }) => type === 'limit:refuse')).toMatchObject([
      { limit: 'maxInboundStreams', value: 1 },
    ]);
  });

  it('drain when their source is stopped before serve', async () => {
    const stop$ = new Subject<void>();
    let done = false;
    b.handle('/echo')
      .pipe(
        takeUntil(stop$),
        serve((stream) => stream.pipeTo(stream)),
      )
      .subscribe({ complete: () => (done = true) });
    const stream = await open('/echo');
    stop$.next();
    stream.next(text('still'));
    expect(decode(await net.runUntil(firstValueFrom(stream)))).toBe('still');
    expect([done, b.protocols]).toEqual([false, []]);
    stream.complete();
    await net.advance(100);
    expect(done).toBe(true);
  });

  it('are seen by inbound$ before they are handled', async () => {
    const order: string[] = [];
    b.inbound$.subscribe((stream) => order.push(`seen ${stream.protocol}`));
    b.handle('/x').subscribe(() => order.push('handled'));
    await open('/x');
    expect(order).toEqual(['seen /x', 'handled']);
  });
});

describe('events', () => {
  it('come in order: snapshots, streams of them, events, then the dial', async () => {
    const order: string[] = [];
    a.connections$.subscribe((list) => order.push(`connections ${String(list.length)}`));
    a.peers$.subscribe((list) => order.push(`peers ${String(list.length)}`));
    a.event$.subscribe(({ type }) => order.push(`${type} ${String(a.peers.length)}`));
    await net.runUntil(a.dial(b.addrs).pipe(map(() => order.push('dialed'))));
    expect(order).toEqual([
      'connections 0',
      'peers 0',
      'dial:start 0',
      'dial:plan 0',
      'dial:attempt 0',
      'dial:progress 0',
      'dial:progress 0',
      'connections 1',
      'peers 1',
      'connection:open 1',
      'peer:connect 1',
      'dial:connect 1',
      'dial:end 1',
      'dialed',
    ]);
  });

  it('are JSON with live objects behind, numbered one by one', async () => {
    await net.runUntil(a.dial(b.addrs));
    await net.advance(10);
    const [event] = events.filter((one) => one.type === 'connection:open');
    expect(Object.keys(JSON.parse(JSON.stringify(event)) as object).sort()).toEqual([
      'addr',
      'at',
      'connectionId',
      'direction',
      'earlyMuxer',
      'encryption',
      'limited',
      'muxer',
      'peer',
      'seq',
      'type',
    ]);
    expect(event?.type === 'connection:open' && event.connection === b.connections[0]).toBe(true);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  });

  it('never nest: whoever answers one is heard after it by all', async () => {
    const order: string[] = [];
    b.event$.pipe(ofType('protocols:change')).subscribe(({ added }) => {
      order.push(`first ${String(added)}`);
      if (added[0] === '/one') b.handle('/two').subscribe();
    });
    b.event$.pipe(ofType('protocols:change')).subscribe(({ added }) => order.push(`second ${String(added)}`));
    b.handle('/one').subscribe();
    await net.advance(0);
    expect(order).toEqual(['first /one', 'second /one', 'first /two', 'second /two']);
  });

  it('tell of an error that nobody handles, in place of ending the process', async () => {
    b.handle('/x').subscribe();
    b.handle('/x').subscribe();
    b.listen('/ip4/1.2.3.4/tcp/1').subscribe();
    await net.advance(10);
    expect(events.filter(({ type }) => type === 'unhandled')).toMatchObject([
      { code: 'ERR_PROTOCOL_TAKEN' },
      { code: 'ERR_ADDR_UNSUPPORTED' },
    ]);
  });
});

describe('dialing', () => {
  it('reuses an open connection, unless it is forced', async () => {
    const one = await net.runUntil(a.dial(b.addrs));
    expect(await net.runUntil(a.dial(b.peerId))).toBe(one);
    expect(await net.runUntil(a.dial(b.addrs, { force: true }))).not.toBe(one);
    expect(a.connections).toHaveLength(2);
  });

  it('names every address that failed', async () => {
    const target = [`/memory/77/p2p/${STRANGER}`, `/ip4/1.2.3.4/udp/1/quic-v1/p2p/${STRANGER}`];
    const error: unknown = await net.runUntil(
      lastValueFrom(a.dial(target)).catch((thrown: unknown) => thrown),
    );
    expect(error).toBeInstanceOf(DialError);
    expect(
      (error as DialError).errors.map(({ addr, error: { message } }) => [addr.toString(), message]),
    ).toEqual([
      ['/ip4/1.2.3.4/udp/1/quic-v1', 'no transport for protocol'],
      ['/memory/77', 'memory: nobody listens on /memory/77: connection refused'],
    ]);
    expect(JSON.stringify(error)).toContain('ERR_TRANSPORT');
  });

  it('takes no other peer than the one that was named', async () => {
    const addr = `/memory/2/p2p/${STRANGER}`;
    const error: unknown = await net.runUntil(lastValueFrom(a.dial(addr)).catch((thrown: unknown) => thrown));
    expect((error as DialError).errors[0]?.error).toMatchObject({ code: 'ERR_PEER_ID_MISMATCH' });
    expect(a.connections).toEqual([]);
  });

  it.each([
    ['itself', () => a.dial(a.addrs), 'ERR_DIAL_SELF'],
    ['a peer of which no address is known', () => a.dial(peerIdFrom(STRANGER)), 'ERR_NO_ADDRESSES'],
    ['no address', () => a.dial([]), 'ERR_NO_ADDRESSES'],
    ['an address without a peer', () => a.dial('/memory/2'), 'ERR_INVALID_OPTION'],
    ['addresses of two peers', () => a.dial([...a.addrs, ...b.addrs]), 'ERR_INVALID_OPTION'],
    ['no address at all', () => a.dial('what?'), 'ERR_INVALID_MULTIADDR'],
    ['without dialing', () => a.newStream(b.addrs, '/x', { noDial: true }), 'ERR_NO_CONNECTION'],
  ] as [string, () => Observable<unknown>, string][])('refuses %s', async (_, act, code) => {
    let inside = true;
    const outcome = codeOf(act());
    act().subscribe({
      error: () => {
        expect(inside).toBe(false);
      },
    });
    inside = false;
    expect(await outcome).toBe(code);
  });

  it('ends with its signal, its deadline or its subscriber', async () => {
    net.link(a, b, { latencyMs: 100_000 });
    const abort = new AbortController();
    const aborted = net.runUntil(
      lastValueFrom(a.dial(b.addrs, { signal: abort.signal })).catch((thrown: unknown) => thrown),
    );
    abort.abort();
    expect(await aborted).toMatchObject({ name: 'AbortError', code: 'ERR_ABORTED' });
    expect(await codeOf(a.dial(b.addrs, { timeoutMs: 50 }))).toBe('ERR_TIMEOUT');
    a.dial(b.addrs).subscribe().unsubscribe();
    await net.advance(300_000);
    expect([a.connections, b.connections]).toEqual([[], []]);
  });
});

describe('the end', () => {
  it('of a host ends everything that it gave, and is told to the other', async () => {
    b.handle('/x').subscribe();
    const stream = await open('/x');
    const ends: string[] = [];
    a.event$.subscribe({ complete: () => ends.push('event$') });
    a.peers$.subscribe({ complete: () => ends.push('peers$') });
    a.handle('/y').subscribe({ complete: () => ends.push('handle') });
    await net.runUntil(a.stop());
    await a.stop();
    expect(ends.sort()).toEqual(['event$', 'handle', 'peers$']);
    expect([a.connections, a.peers, a.addrs, a.protocols]).toEqual([[], [], [], []]);
    expect(await codeOf(stream)).toBe('ERR_HOST_STOPPED');
    expect(await codeOf(a.dial(b.addrs))).toBe('ERR_HOST_STOPPED');
    await net.advance(1000);
    expect(b.connections).toEqual([]);
  });

  it('of a connection lets its streams finish', async () => {
    b.handle('/echo')
      .pipe(serve((stream) => stream.pipeTo(stream)))
      .subscribe();
    const stream = await open('/echo');
    const got = all(stream);
    stream.next(text('last'));
    stream.complete();
    expect((await got).map(decode)).toEqual(['last']);
    await net.runUntil(stream.connection.close());
    await net.advance(100);
    expect([a.connections, b.connections]).toEqual([[], []]);
  });
});

describe('createHost', () => {
  const make = (options: object): Promise<unknown> =>
    createHost(options as HostOptions<Record<never, never>>).then(
      () => 'no error',
      (error: unknown) => (error as Libp2pError).message,
    );
  it.each([
    [{ listne: [] }, /"listne".*\[\]/],
    [{ listen: '/memory/1' }, /listen is "\/memory\/1"/],
    [{ insecure: 1 }, /insecure is 1/],
    [{ transports: [] }, /transports is \[\]/],
    [{ transports: [{ kind: 'transport' }] }, /transports has/],
    [{ muxers: [memory()] }, /muxers has/],
    [{ insecure: true, security: [] }, /insecure and security/],
    [{ privateKey: 'secret' }, /privateKey is "secret"/],
    [{ random: 4 }, /random is 4/],
    [{ scheduler: {} }, /scheduler is \{\}/],
    [{ services: { kv: 1 } }, /services.kv is 1/],
    [{ userAgent: 1 }, /userAgent is 1/],
    [{ protocolVersion: 'x'.repeat(257) }, /protocolVersion is "x+"; it takes a text of at most 256 bytes/],
    [
      { transports: [memory()], listen: ['/ip4/127.0.0.1/tcp/0', '/nonsense'] },
      /not one address(.|\n)*tcp\/0(.|\n)*nonsense/,
    ],
  ])('refuses %j', async (options, message) => {
    expect(await make(options)).toMatch(message);
  });

  it('lives with an address that failed beside one that did not', async () => {
    const told: HostEvent[] = [];
    const host = await net.createHost({
      listen: ['/memory/0', '/ip4/127.0.0.1/tcp/0'],
      events: { next: (event) => told.push(event) },
    });
    expect(host.addrs).toHaveLength(1);
    expect(told.filter(({ type }) => type === 'listen:error')).toMatchObject([
      { requested: '/ip4/127.0.0.1/tcp/0', code: 'ERR_ADDR_UNSUPPORTED' },
    ]);
  });

  it('makes services before it listens', async () => {
    const host = await net.createHost({
      services: {
        kv: ({ host: own }: ServiceContext) => ({
          listening: own.addrs.length,
          get: (key: string) => key.length,
        }),
        off: false,
      },
    });
    expect(host.services.kv.get('abc')).toBe(3);
    expect(host.services.kv.listening).toBe(0);
    expect(Object.keys(host.services)).toEqual(['identify', 'ping', 'kv']);
  });

  it('closes a port when its listener is unsubscribed', async () => {
    const addrs: string[][] = [];
    a.addrs$.subscribe((list) => addrs.push(list.map(String)));
    const listening = a.listen('/memory/55').subscribe();
    expect(addrs.at(-1)).toHaveLength(2);
    listening.unsubscribe();
    expect(addrs.at(-1)).toHaveLength(1);
    expect(await codeOf(b.dial(`/memory/55/p2p/${a.peerId.toString()}`))).toBe('ERR_DIAL_FAILED');
  });

  it('names what a simulated network does not know', () => {
    expect(() => simulateNetwork({ seed: 1, link: { loss: 5 } })).toThrow(/link\.loss is 5/);
  });
});
