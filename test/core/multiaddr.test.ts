import { isMultiaddr, multiaddr, registry } from '@multiformats/multiaddr';
import fc from 'fast-check';
import {
  isLoopback,
  isPrivate,
  isPublic,
  isQuic,
  isRelay,
  isTcp,
  isWebSocket,
} from '../../src/core/address-class.js';
import { toHex } from '../../src/core/bytes.js';
import { PROTOCOLS } from '../../src/core/multiaddr-protocols.js';
import {
  decapsulate,
  hostAndPort,
  multiaddrFromNetwork,
  parseMultiaddr,
  splitPeer,
  tcpMultiaddr,
  withPeer,
} from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { codeThrownBy, fromHex, vectors } from '../support/vectors.js';

interface MultiaddrVectors {
  protocolTable: { code: number; name: string; sizeBits: number; go: boolean }[];
  valid: { string: string; hex: string; canonical: string }[];
  invalidStrings: { string: string; reference: string }[];
  invalidBytes: { hex: string; note: string }[];
  decapsulate: { address: string; decapsulate: string; result: string | null }[];
}
const file = vectors<MultiaddrVectors>('multiaddr');
const classes = vectors<{ cases: { address: string; isPublic: boolean; isPrivate: boolean }[] }>(
  'address-class',
);
const PEER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';

describe('multiaddr codec', () => {
  it('consumes the whole vector file', () => {
    const { protocolTable, valid, invalidStrings, invalidBytes, decapsulate: cases } = file;
    expect([protocolTable, valid, invalidStrings, invalidBytes, cases].map((list) => list.length)).toEqual([
      44, 138, 85, 16, 12,
    ]);
  });

  it('has the table, but for what one implementation alone knows', () => {
    const missing: string[] = [];
    for (const { code, name, sizeBits } of file.protocolTable) {
      const ours = PROTOCOLS.find((protocol) => protocol.code === code);
      if (ours === undefined) {
        missing.push(name);
        continue;
      }
      expect(ours.name).toBe(name === 'ipfs' ? 'p2p' : name);
      if (sizeBits >= 0) expect(ours.size).toBe(sizeBits / 8);
      else if (name !== 'memory') expect(['prefixed', 'path']).toContain(ours.size);
    }
    expect(missing.sort()).toEqual(['plaintextv2', 'x-parity-ws', 'x-parity-wss']);
  });

  it.each(file.valid)('reads $string', ({ string, hex, canonical }) => {
    const addr = parseMultiaddr(string);
    expect(addr.toString()).toBe(canonical);
    expect(toHex(addr.bytes)).toBe(hex);
    expect(isMultiaddr(addr)).toBe(true);
    const again = parseMultiaddr(fromHex(hex));
    expect(again.toString()).toBe(canonical);
    expect(again.equals(addr)).toBe(true);
    expect(JSON.stringify(addr)).toBe(JSON.stringify(canonical));
  });

  it.each(file.invalidStrings)('refuses the text $string', ({ string }) => {
    expect(codeThrownBy(() => parseMultiaddr(string))).toBe('ERR_INVALID_MULTIADDR');
  });

  it.each(file.invalidBytes)('refuses bytes: $note', ({ hex }) => {
    expect(codeThrownBy(() => parseMultiaddr(fromHex(hex)))).toBe('ERR_INVALID_MULTIADDR');
  });

  it.each(file.decapsulate)('$address without $decapsulate', ({ address, decapsulate: part, result }) => {
    expect(decapsulate(parseMultiaddr(address), parseMultiaddr(part))?.toString() ?? null).toBe(result);
  });

  it('refuses every valid address cut short', () => {
    for (const { hex } of file.valid) {
      const bytes = fromHex(hex);
      const whole = toHex(bytes);
      for (let length = 0; length < bytes.byteLength; length += 1) {
        const outcome = codeThrownBy(() => {
          const addr = parseMultiaddr(bytes.subarray(0, length));
          if (!whole.startsWith(toHex(addr.bytes))) throw new Error('not a prefix');
        });
        expect(outcome === undefined || outcome === 'ERR_INVALID_MULTIADDR').toBe(true);
      }
    }
  });

  it.each([
    '/tcp/080',
    '/tcp/1e3',
    '/tcp/',
    '/ip4/1.2.3.4.5',
    '/ip4/0x7f.1',
    '/ip6/fe80::1%eth0',
    '/dns4/a..b/tcp/1',
    `/dns4/${'a'.repeat(64)}.b`,
    `/dns4/${'a.'.repeat(127)}aa`,
    '/dns4/a%2eb',
    '/dns4/a b',
    '/dns4/ü.de',
    `/p2p/${PEER.replace('K', '0')}`,
    '/p2p-circuit'.repeat(17),
    `/dns4/${'a'.repeat(3000)}`,
    '//',
  ])('refuses %s', (text) => {
    expect(codeThrownBy(() => parseMultiaddr(text))).toBe('ERR_INVALID_MULTIADDR');
  });

  it('refuses paths from the network', () => {
    expect(codeThrownBy(() => multiaddrFromNetwork(parseMultiaddr('/unix/run/x').bytes))).toBe(
      'ERR_INVALID_MULTIADDR',
    );
    expect(multiaddrFromNetwork(fromHex('047f0000010604d2')).toString()).toBe('/ip4/127.0.0.1/tcp/1234');
  });

  it('leaves the registry of the package alone', () => {
    expect(registry.getProtocol('memory').size).toBe(-1);
    expect(toHex(multiaddr('/memory/4').bytes)).toBe('89060134');
    expect(toHex(parseMultiaddr(multiaddr('/memory/4')).bytes)).toBe('89060000000000000004');
    expect(parseMultiaddr(multiaddr('/unix/%2Frun%2Fx')).toString()).toBe('/unix/run/x');
  });

  it('carries a path through what a Multiaddr can do', () => {
    const addr = parseMultiaddr('/ip4/1.2.3.4/tcp/80').encapsulate('/tls');
    expect(parseMultiaddr(addr).toString()).toBe('/ip4/1.2.3.4/tcp/80/tls');
    const path = parseMultiaddr('/ip4/1.2.3.4/tcp/80/unix/a/b');
    expect(path.decapsulate('/unix/a/b').toString()).toBe('/ip4/1.2.3.4/tcp/80');
    expect(path.decapsulateCode(6).toString()).toBe('/ip4/1.2.3.4');
    expect(path.getComponents().map(({ name }) => name)).toEqual(['ip4', 'tcp', 'unix']);
  });

  it('prints what it has read and reads what it prints, for any address of the table', () => {
    const parts = file.valid
      .map(({ canonical }) => canonical)
      .filter((text) => !text.includes('/unix/') && text.length < 100);
    /** Of two peers in one address the second would have to stand behind a relay. */
    const hasOnePeer = (text: string): boolean =>
      text.split('/p2p-circuit').every((way) => new Set(way.match(/\/p2p\/\w+/g)).size < 2);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 3 }), (chosen) => {
        const text = chosen.join('');
        fc.pre(hasOnePeer(text));
        const addr = parseMultiaddr(text);
        expect(addr.toString()).toBe(text);
        expect(parseMultiaddr(addr.bytes).toString()).toBe(text);
      }),
    );
  });

  it('still knows all of an address that nobody has asked about for long', () => {
    const texts = [
      ...file.valid.map(({ canonical }) => canonical),
      '/unix/run/x/',
      `/unix/${'a'.repeat(400)}`,
    ];
    const addrs = texts.map((text) => parseMultiaddr(text));
    const before = addrs.map((addr) => [toHex(addr.bytes), addr.getComponents()]);
    for (let port = 1; port <= 600; port += 1) parseMultiaddr(`/ip4/1.2.3.4/tcp/${String(port)}`);
    expect(addrs.map((addr) => [toHex(addr.bytes), addr.getComponents()])).toEqual(before);
  });

  it('never fails otherwise than by its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64, size: 'max' }), (bytes) => {
        expect([undefined, 'ERR_INVALID_MULTIADDR']).toContain(
          codeThrownBy(() => parseMultiaddr(bytes).toString()),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what is asked of an address', () => {
  it.each(classes.cases)('$address: public $isPublic, private $isPrivate', (expected) => {
    expect(classes.cases).toHaveLength(42);
    const addr = parseMultiaddr(expected.address);
    expect({ isPublic: isPublic(addr), isPrivate: isPrivate(addr) }).toEqual({
      isPublic: expected.isPublic,
      isPrivate: expected.isPrivate,
    });
  });

  it.each([
    // public, private, loopback
    ['/ip6/::ffff:1.1.1.1/tcp/80', [true, false, false]],
    ['/ip6/::ffff:192.168.1.1/tcp/80', [false, true, false]],
    ['/ip6/::ffff:c0a8:0101/tcp/80', [false, true, false]],
    ['/ip6/::ffff:127.0.0.1/tcp/80', [false, true, true]],
    ['/ip6/::ffff:192.0.2.1/tcp/80', [false, false, false]],
    ['/ip6/::ffff:0.0.0.0/tcp/80', [false, false, false]],
    ['/ip6zone/eth0/ip6/::ffff:10.0.0.1/tcp/80', [false, true, false]],
    // Not mapped: another prefix, and the old form without one.
    ['/ip6/::fffe:192.168.1.1/tcp/80', [false, false, false]],
    ['/ip6/::192.168.1.1/tcp/80', [false, false, false]],
  ])('%s, IPv4 in IPv6 clothes, is what the IPv4 address is: %p', (text, expected) => {
    const addr = parseMultiaddr(text);
    expect([isPublic(addr), isPrivate(addr), isLoopback(addr)]).toEqual(expected);
  });

  it.each([
    ['/ip4/1.2.3.4/tcp/80', { tcp: true }],
    ['/ip4/1.2.3.4/tcp/80/ws', { ws: true }],
    ['/dns4/a.b/tcp/443/wss', { ws: true }],
    ['/ip4/1.2.3.4/udp/80/quic-v1', { quic: true }],
    [`/ip4/1.2.3.4/tcp/80/p2p/${PEER}/p2p-circuit`, { relay: true }],
    ['/ip4/127.0.0.1/tcp/1', { tcp: true, loopback: true }],
    ['/ip6zone/lo/ip6/::1/tcp/1', { tcp: true, loopback: true }],
  ])('%s', (text, is) => {
    const addr = parseMultiaddr(text);
    const found = {
      tcp: isTcp(addr),
      ws: isWebSocket(addr),
      quic: isQuic(addr),
      relay: isRelay(addr),
      loopback: isLoopback(addr),
    };
    expect(found).toEqual({ tcp: false, ws: false, quic: false, relay: false, loopback: false, ...is });
  });

  it('splits off and puts on a trailing peer', () => {
    const addr = withPeer(parseMultiaddr('/ip4/1.2.3.4/tcp/80'), peerIdFrom(PEER));
    expect(addr.toString()).toBe(`/ip4/1.2.3.4/tcp/80/p2p/${PEER}`);
    expect(withPeer(addr, peerIdFrom(PEER))).toBe(addr);
    expect(splitPeer(addr).transport?.toString()).toBe('/ip4/1.2.3.4/tcp/80');
    expect(splitPeer(addr).peer?.toString()).toBe(PEER);
    expect(splitPeer(parseMultiaddr(`/p2p/${PEER}`)).transport).toBeUndefined();
    expect(splitPeer(parseMultiaddr(`/p2p/${PEER}/tcp/1`)).peer).toBeUndefined();
  });

  it('finds host and port, and makes an address of them', () => {
    expect(hostAndPort(parseMultiaddr('/ip6zone/eth0/ip6/fe80::1/tcp/5'))).toEqual({
      host: 'fe80::1%eth0',
      port: 5,
      kind: 'ip',
      family: 6,
      protocol: 'tcp',
      components: 3,
    });
    expect(hostAndPort(parseMultiaddr('/dns4/a.b/udp/5/quic-v1'))).toMatchObject({
      host: 'a.b',
      kind: 'dns',
      family: 4,
      protocol: 'udp',
    });
    expect(hostAndPort(parseMultiaddr('/memory/5'))).toBeUndefined();
    expect(tcpMultiaddr('::ffff:10.0.0.1', 7).toString()).toBe('/ip4/10.0.0.1/tcp/7');
    expect(tcpMultiaddr('fe80::1%eth0', 7).toString()).toBe('/ip6zone/eth0/ip6/fe80::1/tcp/7');
  });
});
