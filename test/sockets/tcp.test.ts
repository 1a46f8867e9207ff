import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import { createHost, serve, type DialError, type Host, type HostEvent } from '../../src/index.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { monotonicScheduler } from '../../src/platform/monotonic-scheduler.js';
import { seededRandom } from '../../src/testing.js';
import { tcp, type TcpOptions } from '../../src/transports/tcp.js';
import { exchange } from '../support/exchange.js';

const ECHO = '/echo/1.0.0';
const STRANGER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const opened: Host[] = [];
const make = async (events: HostEvent[] = []): Promise<Host> => {
  const host = await createHost({
    listen: ['/ip4/127.0.0.1/tcp/0'],
    events: { next: (event) => events.push(event) },
  });
  host
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  opened.push(host);
  return host;
};
const portOf = (host: Host): number => Number(/\/tcp\/(\d+)/.exec(String(host.addrs[0]))?.[1]);
const rawTo = (host: Host): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = connect(portOf(host), '127.0.0.1', () => {
      resolve(socket);
    });
    socket.on('error', () => undefined);
  });
const echo = (a: Host, b: Host, bytes: Uint8Array): Promise<Buffer> =>
  exchange(a.newStream(b.addrs, ECHO), bytes);
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

afterEach(async () => {
  for (const host of opened.splice(0)) await host.stop();
});

describe('hosts over TCP', () => {
  it('echo from one byte to eight mebibytes', async () => {
    const [a, b] = [await make(), await make()];
    for (const size of [1, 70_000, 8 * 1024 * 1024]) {
      const sent = new Uint8Array(size).map((_, i) => i * 31);
      expect((await echo(a, b, sent)).equals(sent)).toBe(true);
    }
  });

  it('name the address and the system’s word when a dial is refused', async () => {
    const [a, b] = [await make(), await make()];
    const { addrs } = b;
    await b.stop();
    const error = (await failureOf(firstValueFrom(a.dial(addrs)))) as DialError;
    expect(error.code).toBe('ERR_DIAL_FAILED');
    expect(error.message).toMatch(/\/ip4\/127\.0\.0\.1\/tcp\/\d+.*ECONNREFUSED/s);
  });

  it('cannot listen where somebody does', async () => {
    const a = await make();
    const taken = `/ip4/127.0.0.1/tcp/${String(portOf(a))}`;
    expect(await failureOf(createHost({ listen: [taken] }))).toMatchObject({ code: 'ERR_LISTEN_FAILED' });
    expect((await failureOf(firstValueFrom(a.listen(taken)))) as Error).toMatchObject({
      message: expect.stringContaining('EADDRINUSE') as string,
    });
  });

  it('[S16] tell what answered when it was no libp2p', async () => {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'.repeat(5)),
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const a = await make();
    const target = `/ip4/127.0.0.1/tcp/${String((server.address() as AddressInfo).port)}/p2p/${STRANGER}`;
    const error = (await failureOf(firstValueFrom(a.dial(target)))) as DialError;
    expect(error.errors[0]?.error).toMatchObject({ code: 'ERR_MULTISTREAM', fault: 'remote' });
    server.close();
  });

  it('[S3, S4] bear an end or a reset after any number of bytes, and serve the honest', async () => {
    const events: HostEvent[] = [];
    const b = await make(events);
    const header = Buffer.from('132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a', 'hex');
    const whole = Buffer.concat([
      header,
      Buffer.from('0020', 'hex'),
      Buffer.alloc(32, 9),
      Buffer.from('00b8', 'hex'),
      Buffer.alloc(184, 7),
    ]);
    for (let length = 0; length <= whole.byteLength; length += 21) {
      for (const how of ['end', 'resetAndDestroy'] as const) {
        const socket = await rawTo(b);
        socket.write(whole.subarray(0, length));
        await sleep(2);
        socket[how]();
        socket.resume();
      }
    }
    await sleep(200);
    expect(b.connections).toEqual([]);
    expect(events.filter(({ type }) => type === 'connection:refuse').length).toBeGreaterThan(10);
    const a = await make();
    expect((await echo(a, b, new TextEncoder().encode('fine'))).toString()).toBe('fine');
  });
});

describe('the transport', () => {
  const transport = tcp().create({ scheduler: monotonicScheduler, random: seededRandom(1) });
  it.each([
    ['/ip4/1.2.3.4/tcp/1', true, true],
    ['/ip6/::1/tcp/1', true, true],
    ['/dns4/example.com/tcp/1', true, false],
    [`/ip4/1.2.3.4/tcp/1/p2p/${STRANGER}`, true, true],
    ['/ip4/1.2.3.4/tcp/1/ws', false, false],
    ['/ip4/1.2.3.4/udp/1', false, false],
    ['/memory/1', false, false],
  ])('of %s: dials %s, listens %s', (text, dials, listens) => {
    const addr = parseMultiaddr(text);
    expect([transport.canDial(addr), transport.canListen(addr)]).toEqual([dials, listens]);
  });

  it('names an option that it does not know', () => {
    expect(() => tcp({ timeout: 5 } as TcpOptions)).toThrow(/"timeout".*5/);
    expect(() => tcp({ connectTimeoutMs: -1 })).toThrow(/connectTimeoutMs is -1/);
  });

  it('binds everywhere and says where that is', async () => {
    const host = await createHost({ listen: ['/ip4/0.0.0.0/tcp/0'] });
    opened.push(host);
    expect(host.addrs.map(String).some((addr) => addr.startsWith('/ip4/127.0.0.1/'))).toBe(true);
  });
});
