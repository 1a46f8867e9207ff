import fc from 'fast-check';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import {
  addrOfRecord,
  loopbackAnswer,
  mayLeadTo,
  namedAddr,
  needsResolving,
  withAddress,
  withSni,
} from '../../src/core/resolvable.js';

const PEER = '12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV';
const OTHER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const text = (addr: { toString(): string } | undefined): string | undefined => addr?.toString();

describe('an address needs resolving', () => {
  it.each([
    ['/dns/a.example/tcp/1', { type: 'host', name: 'a.example', families: [4, 6] }],
    ['/dns4/A.Example/tcp/1', { type: 'host', name: 'A.Example', families: [4] }],
    ['/dns6/a.example/udp/1/quic-v1', { type: 'host', name: 'a.example', families: [6] }],
    [`/dnsaddr/a.example/p2p/${PEER}`, { type: 'dnsaddr', name: 'a.example' }],
  ])('RES-2, RES-10: %s, by its first component', (addr, expected) => {
    expect(namedAddr(parseMultiaddr(addr))).toEqual(expected);
  });

  it.each([
    '/ip4/1.2.3.4/tcp/1',
    '/ip4/1.2.3.4/tcp/1/tls/sni/a.example/ws',
    '/ip6zone/eth0/ip6/fe80::1/tcp/1',
    '/memory/1',
    '/unix/tmp/a',
  ])('RES-3: not %s', (addr) => {
    expect(needsResolving(parseMultiaddr(addr))).toBe(false);
  });

  it.each([
    `/dns4/relay.example/tcp/1/p2p/${OTHER}/p2p-circuit`,
    `/dns/relay.example/tcp/1/p2p/${OTHER}/p2p-circuit/p2p/${PEER}`,
    `/dnsaddr/relay.example/p2p/${OTHER}/p2p-circuit/p2p/${PEER}`,
  ])('RES-2: never through a relay: %s', (addr) => {
    expect(needsResolving(parseMultiaddr(addr))).toBe(false);
  });
});

describe('an answer takes the place of the name', () => {
  it.each([
    ['/dns4/a.example/tcp/1', 4, '1.2.3.4', '/ip4/1.2.3.4/tcp/1'],
    ['/dns/a.example/udp/1/quic-v1', 6, '2001:DB8:0::1', '/ip6/2001:db8::1/udp/1/quic-v1'],
    [
      `/dns/a.example/tcp/1/tls/sni/b/ws/p2p/${PEER}`,
      4,
      '1.2.3.4',
      `/ip4/1.2.3.4/tcp/1/tls/sni/b/ws/p2p/${PEER}`,
    ],
    ['/dns4/a.example', 4, '1.2.3.4', '/ip4/1.2.3.4'],
  ] as const)('RES-10: %s (%s, %s) is %s', (addr, family, answer, expected) => {
    expect(text(withAddress(parseMultiaddr(addr), family, answer))).toBe(expected);
  });

  it.each([
    [4, '::1'],
    [6, '1.2.3.4'],
    [4, '1.2.3'],
    [4, '01.2.3.4'],
    [4, '1.2.3.4/tcp/9'],
    [6, 'fe80::1%eth0'],
    [4, 'a.example'],
    [4, ''],
  ] as const)('G4: unless it is no IPv%s address: "%s"', (family, answer) => {
    expect(withAddress(parseMultiaddr('/dns/a.example/tcp/1'), family, answer)).toBeUndefined();
  });

  it('the rest stays byte for byte, whatever it is', () => {
    const tails = [
      '',
      '/tcp/1',
      '/udp/1/quic-v1',
      '/tcp/443/wss',
      `/tcp/1/p2p/${PEER}`,
      '/tcp/1/http-path/a%2Fb',
    ];
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom(...tails), (ip, tail) => {
        expect(text(withAddress(parseMultiaddr(`/dns/x.example${tail}`), 4, ip))).toBe(`/ip4/${ip}${tail}`);
      }),
    );
  });
});

describe('a TXT record', () => {
  const ASKED = `/dnsaddr/a.example/p2p/${PEER}`;
  it.each([
    ['/dnsaddr/a.example', 'dnsaddr=/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/1'],
    ['/dnsaddr/a.example', `dnsaddr=/ip4/1.2.3.4/tcp/1/p2p/${OTHER}`, `/ip4/1.2.3.4/tcp/1/p2p/${OTHER}`],
    [ASKED, `dnsaddr=/dns4/b.example/tcp/1/p2p/${PEER}`, `/dns4/b.example/tcp/1/p2p/${PEER}`],
    [ASKED, `dnsaddr=/dnsaddr/b.example/ipfs/${PEER}`, `/dnsaddr/b.example/p2p/${PEER}`],
    [
      `/dnsaddr/a.example/tcp/1/p2p/${PEER}`,
      `dnsaddr=/ip4/1.2.3.4/tcp/1/p2p/${PEER}`,
      `/ip4/1.2.3.4/tcp/1/p2p/${PEER}`,
    ],
  ])('RES-10: of %s, %s, is an address', (asked, record, expected) => {
    expect(text(addrOfRecord(parseMultiaddr(asked), record))).toBe(expected);
  });

  it.each([
    ['that is something else', 'v=spf1 -all'],
    ['that shouts', `DNSADDR=/ip4/1.2.3.4/tcp/1/p2p/${PEER}`],
    ['that is empty', 'dnsaddr='],
    ['that is malformed', 'dnsaddr=/ip4/1.2.3/tcp/1'],
    ['of 64 KiB', `dnsaddr=${'/ws'.repeat(22_000)}/p2p/${PEER}`],
    ['that names a path on this machine', 'dnsaddr=/unix/tmp/a'],
    ['that does not go on as the address does', 'dnsaddr=/ip4/1.2.3.4/tcp/1'],
    ['of another peer', `dnsaddr=/ip4/1.2.3.4/tcp/1/p2p/${OTHER}`],
    ['with something behind the peer', `dnsaddr=/ip4/1.2.3.4/tcp/1/p2p/${PEER}/p2p-circuit`],
  ])('RES-10, G4: %s is none', (_, record) => {
    expect(addrOfRecord(parseMultiaddr(ASKED), record)).toBeUndefined();
  });

  it('G4: without any end asked for, is none where it names a path on this machine', () => {
    expect(addrOfRecord(parseMultiaddr('/dnsaddr/a.example'), 'dnsaddr=/unix/tmp/a')).toBeUndefined();
  });

  it('never throws, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string(), (record) => {
        addrOfRecord(parseMultiaddr(ASKED), `dnsaddr=/${record}`);
      }),
    );
  });
});

it.each([
  [`/ip4/1.2.3.4/tcp/1/p2p/${PEER}`, PEER, true],
  [`/ip4/1.2.3.4/tcp/1/p2p/${OTHER}`, PEER, false],
  ['/ip4/1.2.3.4/tcp/1', PEER, true],
  [`/ip4/1.2.3.4/tcp/1/p2p/${OTHER}`, undefined, true],
  [`/ip4/1.2.3.4/tcp/1/p2p/${OTHER}/p2p-circuit`, PEER, true],
])('RES-8: %s leads to %s: %s', (addr, peer, expected) => {
  expect(mayLeadTo(parseMultiaddr(addr), peer === undefined ? undefined : peerIdFrom(peer))).toBe(expected);
});

describe('a secure WebSocket', () => {
  it.each([
    ['/dns4/a.example/tcp/443/wss', '/dns4/a.example/tcp/443/tls/sni/a.example/ws'],
    ['/dns/A.Example/tcp/443/tls/ws', '/dns/A.Example/tcp/443/tls/sni/A.Example/ws'],
    [`/dns6/a.example/tcp/443/wss/p2p/${PEER}`, `/dns6/a.example/tcp/443/tls/sni/a.example/ws/p2p/${PEER}`],
    [
      '/dns4/a.example/tcp/443/tls/ws/http-path/x',
      '/dns4/a.example/tcp/443/tls/sni/a.example/ws/http-path/x',
    ],
  ])('RES-7, TR-9: %s remembers the name: %s', (addr, expected) => {
    expect(text(withSni(parseMultiaddr(addr)))).toBe(expected);
  });

  it.each([
    '/dns4/a.example/tcp/443/tls/sni/b.example/ws',
    '/dns4/a.example/tcp/80/ws',
    '/dns4/a.example/tcp/443/tls/http',
    '/dns4/a.example/udp/443/wss',
    '/ip4/1.2.3.4/tcp/443/wss',
    '/dnsaddr/a.example/tcp/443/wss',
    `/dns4/a.example/tcp/443/wss/p2p/${OTHER}/p2p-circuit`,
    '/dns4/a.example',
  ])('RES-7: %s is left alone', (addr) => {
    expect(text(withSni(parseMultiaddr(addr)))).toBe(addr);
  });

  it('that is as long as an address may be stays as it is', () => {
    const longest = parseMultiaddr(`/dns4/a.example/tcp/443/wss${'/ws'.repeat(13)}`);
    expect(withSni(longest)).toBe(longest);
  });
});

it.each([
  ['localhost', 4, ['127.0.0.1']],
  ['A.LocalHost', 6, ['::1']],
  ['localhost.example', 4, undefined],
  ['notlocalhost', 4, undefined],
] as const)('RFC 6761: %s, IPv%s: %j', (name, family, expected) => {
  expect(loopbackAnswer(name, family)).toEqual(expected);
});
