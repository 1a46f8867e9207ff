/** WebSockets of hostile remotes, by the lines of the reliability checklist (5.11). */
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import {
  createHost,
  tcp,
  webSocket,
  type Host,
  type HostEvent,
  type WebSocketOptions,
} from '../../src/index.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { RawConnection, Transport } from '../../src/core/parts.js';
import { monotonicScheduler } from '../../src/platform/monotonic-scheduler.js';
import { seededRandom } from '../../src/testing.js';
import { selfSigned, type TestCertificate } from '../support/certificates.js';
import {
  answerTo,
  closeCode,
  frame,
  rawClient,
  request,
  upgraded,
  type RawClient,
} from '../support/raw-web-socket.js';
import { listening, openHandles, record, until, type Listening } from './sockets.js';

const closing: (() => unknown)[] = [];
const make = (options?: WebSocketOptions): Transport =>
  webSocket(options).create({ scheduler: monotonicScheduler, random: seededRandom(1) });
const server = async (options?: WebSocketOptions): Promise<Listening> => {
  const bound = await listening(make(options), '/ip4/127.0.0.1/tcp/0/ws');
  closing.push(() => {
    bound.subscription.unsubscribe();
  });
  return bound;
};
/** A raw client behind its handshake, and our end of it, which is being read. */
const both = async (
  options?: WebSocketOptions,
): Promise<{ client: RawClient; ours: ReturnType<typeof record>; connection: RawConnection }> => {
  const bound = await server(options);
  const [client, connection] = await Promise.all([upgraded(bound.port), bound.accept()]);
  closing.push(() => client.socket.destroy());
  return { client, ours: record(connection.duplex), connection };
};
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);

let handles = 0;
beforeEach(() => {
  handles = openHandles();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await until(() => openHandles() <= handles);
});

describe('a listener', () => {
  it.each([
    ['says nothing', ''],
    ['says half of a request', 'GET / HT'],
    ['says half of its headers', 'GET / HTTP/1.1\r\nHost: x\r\nUpgr'],
  ])('[W1] gives up on one that %s', async (_, text) => {
    const bound = await server({ upgradeTimeoutMs: 150 });
    const client = await rawClient(bound.port);
    client.socket.write(text);
    const ours = record((await bound.accept()).duplex);
    expect(await ours.end).toBe('ERR_TIMEOUT');
    expect(ours.error).toMatchObject({ fault: 'remote' });
    await client.closed;
  });

  const line = (count: number): string =>
    Array.from({ length: count }, (_, at) => `X-${String(at)}: 1`).join('\r\n');
  it.each([
    ['W2: headers of 1 MiB', request({ 'X-Long': 'x'.repeat(1024 * 1024) }), 431],
    ['W2: 2000 headers', request().replace('\r\n\r\n', `\r\n${line(2_000)}\r\n\r\n`), 431],
    ['W2: 65 headers', request().replace('\r\n\r\n', `\r\n${line(60)}\r\n\r\n`), 431],
    ['W2: no Host', request({ Host: undefined }), 400],
    ['W2: no Upgrade', request({ Upgrade: undefined }), 426],
    ['W2: no HTTP at all', '\x13/multistream/1.0.0\n', 400],
    ['W2: two lengths', request({ 'Content-Length': '1\r\nContent-Length: 2' }, 'POST / HTTP/1.1'), 400],
    [
      'W3: 16 KiB of spaces for a protocol',
      request({ 'Sec-WebSocket-Protocol': `a${' '.repeat(16_384)}b` }),
      431,
    ],
    [
      'W3: 7 KiB of spaces for a protocol',
      request({ 'Sec-WebSocket-Protocol': `a${' '.repeat(7_000)}b` }),
      400,
    ],
    ['W4: no key', request({ 'Sec-WebSocket-Key': undefined }), 400],
    ['W4: another version', request({ 'Sec-WebSocket-Version': '99' }), 426],
    ['W4: HTTP/2', request({ Upgrade: 'h2c' }), 400],
    ['W4: no upgrade of the connection', request({ Connection: 'keep-alive' }), 426],
    ['W4: POST', request({}, 'POST / HTTP/1.1'), 400],
    ['W5: a page is asked for', 'GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n', 426],
    [
      'W5: a body of 1 GiB',
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(2 ** 30)}\r\n\r\n${'x'.repeat(1000)}`,
      426,
    ],
    [
      'W5: a body that waits to be asked for',
      'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
      426,
    ],
    ['W5: a proxy is asked for', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n', 426],
  ])('[%s] is answered and closed', async (_, text, status) => {
    const bound = await server();
    const [answer, connection] = await Promise.all([answerTo(bound.port, text), bound.accept()]);
    expect(answer.split('\r\n')[0]).toContain(`HTTP/1.1 ${String(status)} `);
    const ours = record(connection.duplex);
    expect(await ours.end).toBe('ERR_TRANSPORT');
    expect(ours.error).toMatchObject({ fault: expect.stringMatching(/remote|network/) as string });
  });

  it('tells a browser in a sentence what this port is', async () => {
    const bound = await server();
    const answer = await answerTo(bound.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(answer).toMatch(/Upgrade: websocket[\s\S]*libp2p over WebSocket/);
  });

  it('[W6] answers pages with 403 that may not connect, and lets programs in', async () => {
    const bound = await server({
      allowOrigin: (origin) => origin === undefined || origin === 'https://good.example',
    });
    expect(await answerTo(bound.port, request({ Origin: 'https://bad.example' }))).toContain('HTTP/1.1 403 ');
    for (const Origin of [undefined, 'https://good.example']) {
      const client = await upgraded(bound.port, { Origin });
      expect(client.heard().toString('latin1')).toContain('HTTP/1.1 101 ');
      client.socket.destroy();
    }
  });

  it('[W6] answers with 500 where allowOrigin throws', async () => {
    const bound = await server({
      allowOrigin: () => {
        throw new Error('on purpose');
      },
    });
    expect(await answerTo(bound.port, request())).toContain('HTTP/1.1 500 ');
  });

  it.each([
    ['W7: a frame without a mask', frame(bytes(5), { masked: false }), 1002],
    ['W7: reserved bits', frame(bytes(5), { rsv: 2 }), 1002],
    ['W7: a reserved opcode', frame(bytes(5), { opcode: 3 }), 1002],
    ['W7: a control frame in fragments', frame(bytes(5), { opcode: 9, fin: false }), 1002],
    ['W7: a control frame of 126 bytes', frame(bytes(126), { opcode: 9 }), 1002],
    ['W7: a fragment of nothing', frame(bytes(5), { opcode: 0 }), 1002],
    ['W8: text', frame(Buffer.from('hello'), { opcode: 1 }), 1003],
    ['W9: 2^63 + 1 bytes', frame(bytes(5), { length: 2n ** 63n + 1n }), 1009],
    ['W9: 2^53 + 1 bytes', frame(bytes(5), { length: 2n ** 53n + 1n }), 1009],
    ['W9: 1 MiB and a byte', frame(bytes(5), { length: 2n ** 20n + 1n }), 1009],
    ['W12: a close frame of one byte', frame(bytes(1), { opcode: 8 }), 1002],
    ['W12: a close code that there is not', frame(Uint8Array.of(0x03, 0xec), { opcode: 8 }), 1002],
    ['W12: a close reason that is no UTF-8', frame(Uint8Array.of(3, 0xe8, 0xff, 0xfe), { opcode: 8 }), 1007],
    ['W15: a compressed frame', frame(bytes(5), { rsv: 4 }), 1002],
  ])('[%s] ends the connection, and says why', async (_, sent, code) => {
    const { client, ours } = await both();
    client.socket.write(sent);
    expect(await ours.end).toBe('ERR_TRANSPORT');
    expect(ours.error).toMatchObject({ fault: 'remote' });
    await client.closed;
    expect(closeCode(client.heard())).toBe(code);
  });

  it('[W9] takes a message of 1 MiB', async () => {
    const { client, ours } = await both();
    client.socket.write(frame(bytes(2 ** 20)));
    await until(() => ours.byteLength === 2 ** 20);
  });

  it('[W10] bears 128 fragments and no more', async () => {
    const { client, ours } = await both();
    const part = frame(bytes(1), { opcode: 0, fin: false });
    const message = (count: number): Buffer =>
      Buffer.concat([
        frame(bytes(1), { fin: false }),
        ...Array.from({ length: count - 2 }, () => part),
        frame(bytes(1), { opcode: 0 }),
      ]);
    client.socket.write(message(128));
    await until(() => ours.byteLength === 128);
    client.socket.write(message(10_000));
    expect(await ours.end).toBe('ERR_TRANSPORT');
    await client.closed;
  });

  it('[W11] ends one that asks for pongs and reads none', async () => {
    const { client, ours } = await both();
    client.socket.pause();
    const flood = Buffer.concat(Array.from({ length: 10_000 }, () => frame(bytes(125), { opcode: 9 })));
    const pour = (): void => {
      while (!client.socket.destroyed && client.socket.write(flood));
    };
    client.socket.on('drain', pour);
    pour();
    expect(await ours.end).toBe('ERR_TRANSPORT');
  });

  it('answers a ping, and takes a pong that it has not asked for', async () => {
    const { client, ours } = await both();
    const before = client.heard().byteLength;
    client.socket.write(
      Buffer.concat([frame(bytes(3), { opcode: 9 }), frame(bytes(3), { opcode: 10 }), frame(bytes(9))]),
    );
    await until(() => ours.byteLength === 9 && client.heard().byteLength >= before + 5);
    expect([...client.heard().subarray(before)]).toEqual([0x8a, 3, 7, 7, 7]);
  });

  it('[W13] ends in order behind a close frame, ignores what comes behind it, and closes', async () => {
    const { client, ours } = await both();
    client.socket.write(
      Buffer.concat([frame(bytes(4)), frame(Uint8Array.of(3, 0xe8), { opcode: 8 }), frame(bytes(50))]),
    );
    expect(await ours.end).toBe('complete');
    expect(ours.byteLength).toBe(4);
    await client.closed;
    expect(closeCode(client.heard())).toBe(1000);
  });

  it.each(['end', 'resetAndDestroy'] as const)(
    '[W14] has an error, not an end, where there is none (%s)',
    async (how) => {
      const { client, ours } = await both();
      client.socket.write(frame(bytes(4)));
      await until(() => ours.byteLength === 4);
      client.socket[how]();
      expect(await ours.end).toBe('ERR_TRANSPORT');
    },
  );

  it('takes any other close code for an error', async () => {
    const { client, ours } = await both();
    client.socket.write(frame(Uint8Array.of(3, 0xe9), { opcode: 8 }));
    expect(await ours.end).toBe('ERR_TRANSPORT');
    expect(String(ours.error)).toMatch(/code 1001/);
  });

  it('[W15] takes no offer of compression, nor of a protocol', async () => {
    const bound = await server();
    const client = await upgraded(bound.port, {
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
      'Sec-WebSocket-Protocol': 'libp2p',
    });
    closing.push(() => client.socket.destroy());
    expect(client.heard().toString('latin1')).not.toMatch(/sec-websocket-(extensions|protocol)/i);
  });

  it('[W19] believes the socket’s address, whatever a header says', async () => {
    const bound = await server();
    const client = await upgraded(bound.port, { 'X-Forwarded-For': '203.0.113.9' });
    closing.push(() => client.socket.destroy());
    expect((await bound.accept()).remoteAddr.toString()).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/ws$/);
  });

  it('[W1] ends in TLS as well one that says nothing, or no TLS', async () => {
    const transport = make({ certificate: selfSigned(), upgradeTimeoutMs: 150 });
    const bound = await listening(transport, '/ip4/127.0.0.1/tcp/0/tls/ws');
    closing.push(() => {
      bound.subscription.unsubscribe();
    });
    const silent = await rawClient(bound.port);
    expect(await record((await bound.accept()).duplex).end).toBe('ERR_TIMEOUT');
    await silent.closed;
    const plain = await rawClient(bound.port);
    plain.socket.write(request());
    expect(await record((await bound.accept()).duplex).end).toBe('ERR_TRANSPORT');
    await plain.closed;
    const half = await rawClient(bound.port);
    half.socket.end();
    expect(await record((await bound.accept()).duplex).end).toBe('ERR_TRANSPORT');
    await half.closed;
  });
});

describe('a host', () => {
  const host = async (events: HostEvent[], shared: boolean): Promise<Host> => {
    const made = await createHost({
      transports: [tcp({ sharePorts: shared }), webSocket()],
      listen: ['/ip4/127.0.0.1/tcp/0/ws'],
      events: { next: (event) => events.push(event) },
    });
    closing.push(() => made.stop());
    return made;
  };
  const portOf = (of: Host): number => Number(/\/tcp\/(\d+)/.exec(String(of.addrs[0]))?.[1]);

  it.each([false, true])(
    '[W1] frees the place of one that says nothing after five seconds, before and behind its handshake (shared port: %s)',
    async (shared) => {
      const events: HostEvent[] = [];
      const made = await host(events, shared);
      const clients = [await rawClient(portOf(made)), await upgraded(portOf(made))];
      await Promise.all(clients.map(({ closed }) => closed));
      await until(() => events.filter(({ type }) => type === 'connection:refuse').length === 2);
      expect(events.filter(({ type }) => type === 'connection:refuse')).toMatchObject([
        { stage: 'upgrade', code: 'ERR_TIMEOUT' },
        { stage: 'upgrade', code: 'ERR_TIMEOUT' },
      ]);
    },
    20_000,
  );

  it('[W5] tells of a visitor that wanted a page, and goes on', async () => {
    const events: HostEvent[] = [];
    const made = await host(events, false);
    await answerTo(portOf(made), 'GET /\u001b[2J HTTP/1.1\r\nHost: x\r\n\r\n');
    await answerTo(portOf(made), 'GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => events.filter(({ type }) => type === 'connection:refuse').length === 2);
    const refused = events.filter((event) => event.type === 'connection:refuse');
    expect(refused[1]).toMatchObject({ stage: 'upgrade', code: 'ERR_TRANSPORT' });
    expect(refused[1]?.message).toMatch(
      /"GET \/favicon.ico", which asks for no WebSocket; answered with 426/,
    );
    // eslint-disable-next-line no-control-regex -- it is what must not be there
    expect(refused.map(({ message }) => message).join()).not.toMatch(/\u001b/);
    const other = await createHost({ transports: [webSocket()], listen: [] });
    closing.push(() => other.stop());
    expect((await firstValueFrom(other.dial(made.addrs))).remotePeer.equals(made.peerId)).toBe(true);
  });
});

describe('a dial', () => {
  const answering = async (text: string): Promise<string> => {
    const http = createHttpServer((_, response) => {
      response.socket?.end(text);
    });
    http.on('upgrade', (_, socket) => socket.end(text));
    http.listen(0, '127.0.0.1');
    await new Promise((resolve) => http.once('listening', resolve));
    closing.push(() => http.close());
    return `/ip4/127.0.0.1/tcp/${String((http.address() as AddressInfo).port)}/ws`;
  };
  const dialed = (to: string, options?: WebSocketOptions): Promise<unknown> =>
    firstValueFrom(make(options).dial(parseMultiaddr(to))).then(
      ({ duplex }) => {
        duplex.sink.error(new Error('the test is over'));
        return 'connected';
      },
      (error: unknown) => error,
    );

  it.each([
    [
      'W17: a redirect',
      'HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n',
      /302/,
    ],
    ['S16: a page', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', /200/],
    ['S16: no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', /no WebSocket/],
    [
      'W4: another’s key',
      'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\n\r\n',
      /Accept/,
    ],
    ['W2: endless headers', `HTTP/1.1 101 X\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /no WebSocket/],
  ])('[%s] fails with what it got', async (_, text, says) => {
    const error = await dialed(await answering(text));
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT', fault: 'network' });
    expect(String(error)).toMatch(says);
  });

  it('[W1] gives up on a server that accepts and says nothing', async () => {
    const silent = await answering('');
    const http = createHttpServer();
    http.on('upgrade', (_, socket) => closing.push(() => socket.destroy()));
    http.listen(0, '127.0.0.1');
    await new Promise((resolve) => http.once('listening', resolve));
    closing.push(() => http.close());
    const to = `/ip4/127.0.0.1/tcp/${String((http.address() as AddressInfo).port)}/ws`;
    expect(await dialed(to, { upgradeTimeoutMs: 100 })).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(await dialed(silent)).toMatchObject({ code: 'ERR_TRANSPORT' });
  });

  const secureServer = async (certificate: TestCertificate): Promise<number> => {
    const bound = await listening(make({ certificate }), '/ip4/127.0.0.1/tcp/0/tls/ws');
    closing.push(() => {
      bound.subscription.unsubscribe();
    });
    return bound.port;
  };
  it.each([
    ['signed by nobody', selfSigned(), '', false, /DEPTH_ZERO|self.signed/i],
    ['expired', selfSigned(undefined, [-3, -1]), '', true, /expired/i],
    ['not valid yet', selfSigned(undefined, [1, 3]), '', true, /not yet valid/i],
    ['another address’s', selfSigned(['10.0.0.1']), '', true, /altnames|IP/i],
    ['another name’s', selfSigned(['other.example']), '/sni/example.com', true, /altnames|Hostname/i],
  ])('[W17] believes no certificate that is %s', async (_, certificate, sni, trusted, says) => {
    const port = await secureServer(certificate);
    const trust = trusted ? { ca: certificate.cert } : {};
    const error = await dialed(`/ip4/127.0.0.1/tcp/${String(port)}/tls${sni}/ws`, { trust });
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT', fault: 'network' });
    expect(String(error)).toMatch(says);
  });

  it.each([
    ['of the address', selfSigned(['127.0.0.1']), ''],
    ['of the name that the address gives', selfSigned(['example.com']), '/sni/example.com'],
  ])('believes a certificate %s', async (_, certificate, sni) => {
    const port = await secureServer(certificate);
    const to = `/ip4/127.0.0.1/tcp/${String(port)}/tls${sni}/ws`;
    expect(await dialed(to, { trust: { ca: certificate.cert } })).toBe('connected');
    expect(await dialed(to, { trust: { rejectUnauthorized: false } })).toBe('connected');
  });

  it('leaves nothing of what was given up amid the handshake', async () => {
    const bound = await server();
    // One that was through before it was given up is not the dial's any more.
    const attempt = make()
      .dial(bound.addrs[0]!)
      .subscribe(({ duplex }) => {
        duplex.sink.error(new Error('not wanted'));
      });
    await sleep(3);
    attempt.unsubscribe();
  });
});
