import { parseMultiaddr } from '../../src/core/multiaddr.js';
import {
  createHost as createBrowserHost,
  webSocket as webSocketOfBrowsers,
} from '../../src/index.browser.js';
import { memory, quic, tcp, webSocket, type WebSocketOptions } from '../../src/index.js';
import { monotonicScheduler } from '../../src/platform/monotonic-scheduler.js';
import { seededRandom } from '../../src/testing.js';
import { kindOf } from '../../src/transports/first-bytes.js';
import { placeOf, urlOf } from '../../src/transports/websocket/place.js';

const PEER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const context = () => ({ scheduler: monotonicScheduler, random: seededRandom(1) });

describe('an address of a WebSocket [TR-9, wire 11.1]', () => {
  it.each([
    ['/ip4/1.2.3.4/tcp/80/ws', 'ws://1.2.3.4:80/', '/ws', undefined],
    ['/ip6/::1/tcp/80/ws', 'ws://[::1]:80/', '/ws', undefined],
    ['/ip6zone/lo/ip6/fe80::1/tcp/80/ws', 'ws://[fe80::1]:80/', '/ws', undefined],
    ['/dns4/example.com/tcp/80/ws', 'ws://example.com:80/', '/ws', 'example.com'],
    ['/ip4/1.2.3.4/tcp/443/wss', 'wss://1.2.3.4:443/', '/tls/ws', undefined],
    ['/ip4/1.2.3.4/tcp/443/tls/ws', 'wss://1.2.3.4:443/', '/tls/ws', undefined],
    ['/dns/example.com/tcp/443/tls/ws', 'wss://example.com:443/', '/tls/ws', 'example.com'],
    [
      '/ip4/1.2.3.4/tcp/443/tls/sni/example.com/ws',
      'wss://example.com:443/',
      '/tls/sni/example.com/ws',
      'example.com',
    ],
    [
      '/dns4/a.example/tcp/443/tls/sni/b.example/ws',
      'wss://b.example:443/',
      '/tls/sni/b.example/ws',
      'b.example',
    ],
    ['/ip4/1.2.3.4/tcp/80/ws/http-path/a%2Fb%20c', 'ws://1.2.3.4:80/a/b%20c', '/ws', undefined],
    [`/ip4/1.2.3.4/tcp/80/ws/p2p/${PEER}`, 'ws://1.2.3.4:80/', '/ws', undefined],
  ])('%s is %s', (text, url, tail, serverName) => {
    const place = placeOf(parseMultiaddr(text));
    expect(place && urlOf(place)).toBe(url);
    expect(place).toMatchObject({ tail, serverName });
  });

  it.each([
    '/ip4/1.2.3.4/tcp/80',
    '/ip4/1.2.3.4/udp/80/ws',
    '/ip4/1.2.3.4/tcp/80/tls',
    '/ip4/1.2.3.4/tcp/80/tls/sni/x/wss',
    '/ip4/1.2.3.4/tcp/80/ws/ws',
    '/ip4/1.2.3.4/ws',
    `/ip4/1.2.3.4/tcp/80/ws/p2p/${PEER}/p2p-circuit`,
    '/memory/1',
    `/p2p/${PEER}`,
  ])('%s is none', (text) => {
    expect(placeOf(parseMultiaddr(text))).toBeUndefined();
  });

  it('is listened on by its IP, and not by a name or a path', () => {
    const transport = webSocket().create(context());
    expect(
      [
        '/ip4/0.0.0.0/tcp/0/ws',
        '/ip6/::/tcp/0/tls/ws',
        '/dns4/x/tcp/1/ws',
        '/ip4/0.0.0.0/tcp/0/ws/http-path/a',
      ].map((text) => transport.canListen(parseMultiaddr(text))),
    ).toEqual([true, true, false, false]);
  });
});

describe('of the transports of a host', () => {
  it.each([
    ['/ip4/1.2.3.4/tcp/1', 'tcp'],
    ['/dns4/example.com/tcp/1', 'tcp'],
    ['/ip4/1.2.3.4/tcp/1/ws', 'websocket'],
    ['/ip4/1.2.3.4/tcp/1/wss', 'websocket'],
    ['/ip4/1.2.3.4/tcp/1/tls/ws', 'websocket'],
    ['/ip4/1.2.3.4/tcp/1/tls/sni/example.com/ws', 'websocket'],
    ['/ip4/1.2.3.4/udp/1/quic-v1', 'quic'],
    ['/memory/1', 'memory'],
    [`/ip4/1.2.3.4/tcp/1/p2p/${PEER}/p2p-circuit`, undefined],
    ['/ip4/1.2.3.4/tcp/1/http', undefined],
    ['/ip4/1.2.3.4/udp/1', undefined],
  ])('[SW-23, SW-30] one at most dials %s: %s', (text, name) => {
    const addr = parseMultiaddr(text);
    const all = [tcp(), quic(), webSocket(), memory()].map((part) => part.create(context()));
    expect(all.filter((transport) => transport.canDial(addr)).map((transport) => transport.name)).toEqual(
      name === undefined ? [] : [name],
    );
    expect(all.filter((transport) => transport.canListen(addr)).length).toBeLessThanOrEqual(1);
  });
});

describe('the first bytes of a connection [TR-11]', () => {
  it.each<readonly [string, string | undefined]>([
    ['\x13/multistream/1.0.0\n', 'multistream'],
    ['\x16\x03\x01\x02\x00', 'tls'],
    ['\x16\x03\x03\x02\x00', 'tls'],
    ['\x16\x03\x00\x02\x00', 'none'],
    ['\x16\x03\x04\x02\x00', 'none'],
    ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'PRI'].map(
      (method): readonly [string, string] => [`${method} / HTTP/1.1`, 'http'],
    ),
    ['SSH-2.0', 'none'],
    ['get / ', 'none'],
    ['\x00\x00\x00', 'none'],
    ['\x13/', undefined],
    ['G', undefined],
    ['', undefined],
  ])('%j: %s', (text, kind) => {
    expect(kindOf(Buffer.from(text, 'latin1'))).toBe(kind);
  });
});

it('webSocket and tcp name an option that they do not know, or cannot use', () => {
  expect(() => webSocket({ port: 80 } as WebSocketOptions)).toThrow(
    /webSocket has no option "port" \(its value: 80\)/,
  );
  expect(() => webSocket({ maxMessageBytes: -1 })).toThrow(/maxMessageBytes is -1/);
  expect(() => webSocketOfBrowsers({ WebSocket: 5 as never })).toThrow(/WebSocket is 5; it takes a class/);
  expect(() => webSocketOfBrowsers({ certificate: {} } as never)).toThrow(/no option "certificate"/);
  expect(() => tcp({ sharePorts: 1 as never })).toThrow(/sharePorts is 1; it takes true or false/);
});

it('a browser’s host dials WebSockets and listens on none', async () => {
  await expect(createBrowserHost({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })).rejects.toThrow(
    /no transport listens on \/ip4\/127.0.0.1\/tcp\/0\/ws/,
  );
});
