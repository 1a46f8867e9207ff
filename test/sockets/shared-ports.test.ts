/** One port for several transports, and several transports in one host (TR-11, TR-12, SW, LIS). */
import { setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom, type Subscription } from 'rxjs';
import { createHost, tcp, webSocket, type Host, type HostEvent, type Listener } from '../../src/index.js';
import { selfSigned } from '../support/certificates.js';
import { answerTo, rawClient } from '../support/raw-web-socket.js';
import { until } from './sockets.js';

const certificate = selfSigned();
const secure = { certificate, trust: { ca: certificate.cert } };
const opened: Host[] = [];
const make = async (
  listen: readonly string[],
  shared = true,
  events: HostEvent[] = [],
  refuse = false,
): Promise<Host> => {
  const host = await createHost({
    transports: [tcp({ sharePorts: shared }), webSocket(secure)],
    listen,
    gater: refuse ? { allowAccept: () => false } : {},
    events: { next: (event) => events.push(event) },
  });
  opened.push(host);
  return host;
};
const portOf = (host: Host): number => Number(/\/tcp\/(\d+)/.exec(String(host.addrs[0]))?.[1]);
const listen = (host: Host, addr: string): Promise<{ listener: Listener; subscription: Subscription }> =>
  new Promise((resolve, reject) => {
    const subscription = host.listen(addr).subscribe({
      next: (listener) => {
        resolve({ listener, subscription });
      },
      error: reject,
    });
  });
const all = async (tails: readonly string[]): Promise<{ host: Host; port: number; ways: string[] }> => {
  const host = await make(['/ip4/127.0.0.1/tcp/0']);
  const base = `/ip4/127.0.0.1/tcp/${String(portOf(host))}`;
  for (const tail of tails) await listen(host, base + tail);
  return { host, port: portOf(host), ways: ['', ...tails].map((tail) => base + tail) };
};

afterEach(async () => {
  for (const host of opened.splice(0)) await host.stop();
});

describe('a port that is shared', () => {
  it('[TR-11] serves TCP, WebSocket and WebSocket over TLS, by the first bytes', async () => {
    const { host, ways } = await all(['/ws', '/tls/ws']);
    expect(host.addrs.map((addr) => addr.toString().replace(/\/p2p\/.*/, ''))).toEqual(ways);
    for (const way of ways) {
      const dialer = await make([]);
      const connection = await firstValueFrom(dialer.dial(`${way}/p2p/${host.peerId.toString()}`));
      expect(connection.remoteAddr.toString()).toBe(way);
      expect(await firstValueFrom(dialer.services.ping.ping(host.peerId))).toBeGreaterThan(0);
    }
    const tails = host.connections.map(({ remoteAddr }) =>
      remoteAddr.toString().replace(/^.*\/tcp\/\d+/, ''),
    );
    expect(tails).toEqual(['', '/ws', '/tls/ws']);
  });

  it('[TR-11] closes what nobody listens for, and what nobody speaks', async () => {
    const events: HostEvent[] = [];
    const host = await make(['/ip4/127.0.0.1/tcp/0'], true, events);
    expect(await answerTo(portOf(host), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
    expect(await answerTo(portOf(host), 'SSH-2.0-OpenSSH_9.2\r\n')).toBe('');
    const ended = await rawClient(portOf(host));
    ended.socket.end('\x13');
    await ended.closed;
    await until(() => events.filter(({ type }) => type === 'connection:refuse').length === 3);
    const refused = events
      .filter((event) => event.type === 'connection:refuse')
      .map(({ message }) => message);
    expect(refused[0]).toMatch(/http, which nobody here listens for/);
    expect(refused[1]).toMatch(/what nobody here speaks/);
    expect(refused[2]).toMatch(/ended before it was known/);
  });

  it('tells by bytes that come one at a time', async () => {
    const { host, port } = await all(['/ws']);
    const { socket, closed, heard } = await rawClient(port);
    for (const byte of 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n') {
      socket.write(byte);
      await sleep(1);
    }
    await closed;
    expect(heard().toString()).toMatch(/^HTTP\/1.1 426 /);
    expect(host.connections).toEqual([]);
  });

  it('[TR-12] is taken by one listener of each kind', async () => {
    const { host, ways } = await all(['/ws']);
    for (const way of ways)
      await expect(listen(host, way)).rejects.toMatchObject({
        code: 'ERR_LISTEN_FAILED',
        message: expect.stringMatching(/another listener of this host has these connections/) as string,
      });
  });

  it('[TR-12] goes on for one listener when another leaves, and closes with the last', async () => {
    const { host, ways, port } = await all([]);
    const ws = await listen(host, `${ways[0] ?? ''}/ws`);
    ws.subscription.unsubscribe();
    const dialer = await make([]);
    await firstValueFrom(dialer.dial(host.addrs));
    const again = await listen(host, `${ways[0] ?? ''}/ws`);
    expect(again.listener.addrs).toHaveLength(1);
    await host.stop();
    const other = await make([`/ip4/127.0.0.1/tcp/${String(port)}`]);
    expect(portOf(other)).toBe(port);
  });

  it('is no other host’s', async () => {
    const { ways } = await all([]);
    await expect(make([`${ways[0] ?? ''}/ws`])).rejects.toThrow(/EADDRINUSE/);
  });

  it('is shared only where tcp is told so', async () => {
    const host = await make(['/ip4/127.0.0.1/tcp/0'], false);
    await expect(listen(host, `/ip4/127.0.0.1/tcp/${String(portOf(host))}/ws`)).rejects.toThrow(/EADDRINUSE/);
  });

  it.each([true, false])(
    '[S15, GATE] lets the gater refuse before a byte is read (shared: %s)',
    async (shared) => {
      const events: HostEvent[] = [];
      const host = await make(['/ip4/127.0.0.1/tcp/0/ws'], shared, events, true);
      // It may be so quick that the connection is not even seen to be there.
      expect(await answerTo(portOf(host), '').catch(() => '')).toBe('');
      await until(() => events.some(({ type }) => type === 'connection:refuse'));
      expect(events.filter(({ type }) => type === 'connection:refuse')).toMatchObject([{ stage: 'accept' }]);
    },
  );
});

describe('a host with several transports', () => {
  it('[LIS-17] says of a WebSocket as of TCP where "everywhere" is', async () => {
    const host = await make(['/ip4/0.0.0.0/tcp/0/ws', '/ip4/0.0.0.0/tcp/0/tls/ws']);
    const texts = host.addrs.map(String);
    expect(texts.some((addr) => /^\/ip4\/127\.0\.0\.1\/tcp\/[1-9]\d*\/ws\/p2p\//.test(addr))).toBe(true);
    expect(texts.some((addr) => /^\/ip4\/127\.0\.0\.1\/tcp\/[1-9]\d*\/tls\/ws\/p2p\//.test(addr))).toBe(true);
    expect(texts.join()).not.toMatch(/0\.0\.0\.0|tcp\/0/);
  });

  it('writes /wss as /tls/ws, and keeps the name that it is asked by', async () => {
    const host = await make(['/ip4/127.0.0.1/tcp/0/wss', '/ip4/127.0.0.1/tcp/0/tls/sni/localhost/ws']);
    expect(host.addrs.map((addr) => addr.toString().replace(/\/p2p\/.*|\d+(?=\/tls)/g, ''))).toEqual([
      '/ip4/127.0.0.1/tcp//tls/ws',
      '/ip4/127.0.0.1/tcp//tls/sni/localhost/ws',
    ]);
    const dialer = await make([]);
    for (const addr of host.addrs) {
      const connection = await firstValueFrom(dialer.dial(addr, { forceDirect: true }));
      expect(connection.remotePeer.equals(host.peerId)).toBe(true);
      await connection.close();
    }
  });

  it('[LIS-3] cannot listen for secure WebSockets without a certificate, or with one that is none', async () => {
    const plain = createHost({ transports: [webSocket()], listen: ['/ip4/127.0.0.1/tcp/0/tls/ws'] });
    await expect(plain).rejects.toThrow(/takes a certificate: webSocket\(\{ certificate/);
    const wrong = webSocket({ certificate: { cert: 'x', key: 'y' } });
    await expect(
      createHost({ transports: [wrong], listen: ['/ip4/127.0.0.1/tcp/0/tls/ws'] }),
    ).rejects.toMatchObject({ code: 'ERR_LISTEN_FAILED' });
  });

  it('[OPT-41] has TCP and WebSocket if it is not told its transports', async () => {
    const host = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] });
    opened.push(host);
    expect(host.addrs).toHaveLength(2);
  });

  it('[FILT-4, RANK] dials TCP, and not the WebSocket on the same port', async () => {
    const { host } = await all(['/ws']);
    const events: HostEvent[] = [];
    const dialer = await make([], true, events);
    await firstValueFrom(dialer.dial(host.addrs));
    expect(events.filter((event) => event.type === 'dial:attempt').map(({ addr }) => addr)).toEqual([
      expect.not.stringContaining('/ws') as string,
    ]);
  });
});
