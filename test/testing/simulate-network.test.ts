import { NEVER, EMPTY, Observable, of, throwError, timer } from 'rxjs';
import { VirtualTimeScheduler } from 'rxjs';
import { serve, type Host } from '../../src/index.js';
import { simulateNetwork, type Delivery, type Link, type SimulatedNetwork } from '../../src/testing.js';

const ECHO = '/echo/1.0.0';

async function rejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no rejection';
  } catch (error) {
    return error instanceof Error && 'code' in error
      ? `${String(error.code)}: ${error.message}`
      : String(error);
  }
}
function thrown(act: () => unknown): string {
  try {
    act();
    return 'nothing thrown';
  } catch (error) {
    return error instanceof Error && 'code' in error
      ? `${String(error.code)}: ${error.message}`
      : String(error);
  }
}

/** Milliseconds from writing to the answer, on a stream that is open. */
async function echoMs(net: SimulatedNetwork, a: Host, b: Host): Promise<number> {
  const stream = await net.runUntil(a.newStream(b.addrs, ECHO));
  const startedAt = net.now();
  stream.next(new Uint8Array([1]));
  await net.runUntil(stream.read());
  return net.now() - startedAt;
}
async function echoServer(net: SimulatedNetwork): Promise<Host> {
  const host = await net.createHost();
  host
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  return host;
}

describe('moving time', () => {
  it('advance runs what becomes due, up to and with the end, and ends there', async () => {
    const net = simulateNetwork({ seed: 1 });
    const ran: number[] = [];
    for (const at of [5, 10, 11]) net.scheduler.schedule(() => ran.push(net.now()), at);
    await net.advance(10);
    expect([ran, net.now()]).toEqual([[5, 10], 10]);
    await net.advance(0);
    await net.advance(100);
    expect([ran, net.now()]).toEqual([[5, 10, 11], 110]);
  });

  it('gives async functions all the turns they want before time moves on', async () => {
    const net = simulateNetwork({ seed: 1 });
    const ran: string[] = [];
    net.scheduler.schedule(() => {
      void (async () => {
        for (let turn = 0; turn < 1000; turn += 1) await Promise.resolve();
        ran.push(`awaited at ${String(net.now())}`);
        net.scheduler.schedule(() => ran.push(`scheduled at ${String(net.now())}`), 1);
      })();
    }, 1);
    net.scheduler.schedule(() => ran.push(`later at ${String(net.now())}`), 3);
    await net.advance(10);
    expect(ran).toEqual(['awaited at 1', 'scheduled at 2', 'later at 3']);
  });

  it('runUntil stops at the first value, or the promise’s result, and no later', async () => {
    const net = simulateNetwork({ seed: 1 });
    expect(await net.runUntil(timer(7, 5, net.scheduler))).toBe(0);
    expect(net.now()).toBe(7);
    const promise = new Promise((resolve) => net.scheduler.schedule(resolve, 3, 'done'));
    net.scheduler.schedule(() => undefined, 100);
    expect(await net.runUntil(promise)).toBe('done');
    expect(net.now()).toBe(10);
    expect(await net.runUntil(of('at once'))).toBe('at once');
    expect(net.now()).toBe(10);
  });

  it('runUntil leaves the source when it has its value', async () => {
    const net = simulateNetwork({ seed: 1 });
    let left = false;
    const source = new Observable<string>((subscriber) => {
      subscriber.next('value');
      return () => (left = true);
    });
    expect([await net.runUntil(source), left]).toEqual(['value', true]);
  });

  it('runUntil rejects as its source does', async () => {
    const net = simulateNetwork({ seed: 1 });
    await expect(net.runUntil(throwError(() => new Error('mine')))).rejects.toThrow('mine');
    await expect(net.runUntil(Promise.reject(new Error('yours')))).rejects.toThrow('yours');
  });

  it('runUntil rejects when nothing is left that could bring a value', async () => {
    const net = simulateNetwork({ seed: 1 });
    net.scheduler.schedule(() => undefined, 50);
    expect(await rejection(net.runUntil(NEVER))).toMatch(/^ERR_TIMEOUT: .*nothing is left/);
    expect(net.now()).toBe(50);
    expect(await rejection(net.runUntil(new Promise(() => undefined)))).toMatch(/^ERR_TIMEOUT/);
  });

  it('runUntil rejects when the source completes without a value', async () => {
    const net = simulateNetwork({ seed: 1 });
    expect(await rejection(net.runUntil(EMPTY))).toMatch(/^ERR_UNEXPECTED_END/);
  });

  it('rejects when work throws, rather than swallow it', async () => {
    const net = simulateNetwork({ seed: 1 });
    net.scheduler.schedule(() => {
      throw new Error('mine');
    });
    await expect(net.advance(1)).rejects.toThrow('mine');
  });
});

describe('links', () => {
  it('have latency each way: an echo takes the sum of both', async () => {
    const net = simulateNetwork({ seed: 1, link: { latencyMs: 100 } });
    const [a, b] = [await net.createHost(), await echoServer(net)];
    expect(await echoMs(net, a, b)).toBe(200);
  });

  it('have none if nothing is said', async () => {
    const net = simulateNetwork({ seed: 1 });
    const [a, b] = [await net.createHost(), await echoServer(net)];
    expect(await echoMs(net, a, b)).toBe(0);
  });

  it('change one way at a time, by host, by peer id and by address, also under a connection', async () => {
    const net = simulateNetwork({ seed: 1, link: { latencyMs: 10 } });
    const [a, b] = [await net.createHost(), await echoServer(net)];
    expect(await echoMs(net, a, b)).toBe(20);
    net.link(a, b, { latencyMs: 100 });
    expect(await echoMs(net, a, b)).toBe(110);
    net.link(b.peerId.toString(), a.peerId.toString(), { latencyMs: 1 });
    expect(await echoMs(net, a, b)).toBe(101);
    net.link('/memory/1', String(b.addrs[0]), { latencyMs: 2 });
    expect(await echoMs(net, a, b)).toBe(3);
    net.link(a, b, {});
    expect(await echoMs(net, a, b)).toBe(3);
  });

  it('are of one pair: others keep theirs', async () => {
    const net = simulateNetwork({ seed: 1, link: { latencyMs: 10 } });
    const [a, b, c] = [await net.createHost(), await echoServer(net), await echoServer(net)];
    net.link(a, b, { latencyMs: 500 });
    expect(await echoMs(net, a, c)).toBe(20);
  });
});

describe('hosts', () => {
  it('have keys of the seed, one each, and listen on memory addresses', async () => {
    const ids = async (seed: number): Promise<string[]> => {
      const net = simulateNetwork({ seed });
      const hosts = [await net.createHost(), await net.createHost()];
      expect(hosts.map(({ addrs }) => String(addrs[0]).split('/p2p/')[0])).toEqual([
        '/memory/1',
        '/memory/2',
      ]);
      return hosts.map(({ peerId }) => peerId.toString());
    };
    const first = await ids(1);
    expect(await ids(1)).toEqual(first);
    expect(new Set([...first, ...(await ids(2))]).size).toBe(4);
  });

  it('of two networks never meet, though their addresses are the same', async () => {
    const [one, other] = [simulateNetwork({ seed: 1 }), simulateNetwork({ seed: 2 })];
    const [a, b] = [await one.createHost({ listen: [] }), await echoServer(other)];
    expect(await rejection(one.runUntil(a.dial(b.addrs)))).toMatch(/refused/);
  });

  it('finish what an async handler awaits', async () => {
    const net = simulateNetwork({ seed: 1, link: { latencyMs: 50 } });
    const [a, b] = [await net.createHost(), await net.createHost()];
    b.handle('/async/1.0.0')
      .pipe(
        serve(async (stream) => {
          for await (const bytes of stream) stream.next(bytes.map((byte) => byte + 1));
          stream.complete();
        }),
      )
      .subscribe();
    const client = async (): Promise<number[]> => {
      const stream = await net.runUntil(a.newStream(b.addrs, '/async/1.0.0'));
      stream.next(new Uint8Array([1, 2]));
      stream.complete();
      const got: number[] = [];
      await net.runUntil(
        (async () => {
          for await (const bytes of stream) got.push(...bytes);
        })(),
      );
      return got;
    };
    expect(await client()).toEqual([2, 3]);
  });
});

describe('what it does not know', () => {
  const net = simulateNetwork({ seed: 1 });
  const options = (value: object): { seed: number } => value as { seed: number };

  it.each<[string, () => unknown, RegExp]>([
    ['another option', () => simulateNetwork(options({ seed: 1, speed: 2 })), /"speed" \(its value: 2\)/],
    ['no seed', () => simulateNetwork(options({})), /seed is undefined/],
    ['a seed that is no number', () => simulateNetwork(options({ seed: 'x' })), /seed is "x"/],
    [
      'what no link has',
      () => simulateNetwork({ seed: 1, link: { speed: 5 } as Link }),
      /"speed" \(its value: 5\)/,
    ],
    ['more loss than all', () => simulateNetwork({ seed: 1, link: { loss: 1.5 } }), /link\.loss is 1\.5/],
    ['loss that is no number', () => simulateNetwork({ seed: 1, link: { loss: NaN } }), /link\.loss is/],
    ['negative jitter', () => simulateNetwork({ seed: 1, link: { jitterMs: -5 } }), /link\.jitterMs is -5/],
    [
      'no bytes a second',
      () => simulateNetwork({ seed: 1, link: { bytesPerSecond: 0 } }),
      /bytesPerSecond is 0/,
    ],
    [
      'half a link',
      () => simulateNetwork({ seed: 1, link: { up: 'no' } as unknown as Link }),
      /link\.up is "no"; it takes true or false/,
    ],
    [
      'a hole that is no hole',
      () => simulateNetwork({ seed: 1, link: { blackHole: 1 } as unknown as Link }),
      /link\.blackHole is 1/,
    ],
    [
      'negative latency',
      () => simulateNetwork({ seed: 1, link: { latencyMs: -1 } }),
      /link\.latencyMs is -1/,
    ],
    ['endless latency', () => simulateNetwork({ seed: 1, link: { latencyMs: Infinity } }), /link\.latencyMs/],
    [
      'a stranger',
      () => {
        net.link('/ip4/1.2.3.4/tcp/1', '/memory/1', {});
      },
      /link: .*1\.2\.3\.4/,
    ],
    [
      'a name',
      () => {
        net.link('alice', '/memory/1', {});
      },
      /link: "alice"/,
    ],
  ])('is refused, named with its value: %s', (_, act, message) => {
    expect(thrown(act)).toMatch(/^ERR_INVALID_OPTION/);
    expect(thrown(act)).toMatch(message);
  });

  it.each([NaN, -1, Infinity])('is refused: advance(%s)', async (ms) => {
    expect(await rejection(net.advance(ms))).toMatch(/^ERR_INVALID_OPTION: .*advance/);
  });

  it('is refused: a host on another clock; the network’s own may be named', async () => {
    expect(await rejection(net.createHost({ scheduler: new VirtualTimeScheduler() }))).toMatch(
      /^ERR_INVALID_OPTION: .*scheduler/,
    );
    const host = await net.createHost({ scheduler: net.scheduler });
    expect(host.addrs).toHaveLength(1);
  });

  it('is refused: linking a host that listens nowhere', async () => {
    const silent = await net.createHost({ listen: [] });
    expect(
      thrown(() => {
        net.link(silent, '/memory/1', {});
      }),
    ).toMatch(/listens on no \/memory address/);
  });
});

describe('a look at the wire', () => {
  it('tells what arrives, when it was sent, and where it was and is; the last bytes are those of the echo', async () => {
    const net = simulateNetwork({ seed: 1, link: { latencyMs: 20 } });
    const silent = await net.createHost({ listen: [], insecure: true });
    const server = await net.createHost({ insecure: true });
    server
      .handle(ECHO)
      .pipe(serve((stream) => stream.pipeTo(stream)))
      .subscribe();
    const stream = await net.runUntil(silent.newStream(server.addrs, ECHO));
    const heard: Delivery[] = [];
    const looking = net.delivery$.subscribe((delivery) => heard.push(delivery));
    const startedAt = net.now();
    stream.next(new TextEncoder().encode('echo, please'));
    await net.runUntil(stream.read());
    looking.unsubscribe();
    expect(heard.map(({ from, to, sentAt, at }) => [from, to, sentAt - startedAt, at - startedAt])).toEqual([
      ['/memory/0', '/memory/1', 0, 20],
      ['/memory/1', '/memory/0', 20, 40],
    ]);
    for (const { bytes } of heard) expect(new TextDecoder().decode(bytes)).toContain('echo, please');
  });

  it('a lost piece is there once it has come, with the time when it was written', async () => {
    const net = simulateNetwork({ seed: 3, link: { latencyMs: 20 } });
    const [client, server] = [await net.createHost(), await echoServer(net)];
    const stream = await net.runUntil(client.newStream(server.addrs, ECHO));
    await net.advance(1_000);
    const heard: Delivery[] = [];
    net.delivery$.subscribe((delivery) => heard.push(delivery));
    net.link(client, server, { loss: 1 });
    const sentAt = net.now();
    stream.next(new Uint8Array(10));
    await net.advance(30);
    expect(heard).toEqual([]);
    net.link(client, server, { loss: 0 });
    await net.runUntil(stream.read());
    expect(heard[0]).toMatchObject({ sentAt, from: '/memory/1', to: '/memory/2' });
    expect(heard[0]!.at).toBe(sentAt + 60);
  });
});
