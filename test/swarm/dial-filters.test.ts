import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { hasBetter, isDraft29Quic, isLinkLocal6, isUnspecified } from '../../src/swarm/dial-filters.js';
import { PEER, planOf } from '../support/dial-plan.js';

type Cases = readonly (readonly [addr: string, holds: boolean])[];

const UNSPECIFIED: Cases = [
  ['/ip4/0.0.0.0/tcp/1', true],
  ['/ip6/::/tcp/1', true],
  ['/ip6/::/udp/1/quic-v1', true],
  ['/ip6/::ffff:0.0.0.0/tcp/1', true],
  ['/ip6zone/eth0/ip6/::/tcp/1', true],
  ['/ip4/0.0.0.1/tcp/1', false],
  ['/ip6/::1/tcp/1', false],
  ['/ip6/::ffff:0.0.0.1/tcp/1', false],
  ['/dns4/localhost/tcp/1', false],
  ['/memory/0', false],
  // Only the first component is a place to dial.
  [`/ip4/1.2.3.4/tcp/1/p2p/${PEER}/p2p-circuit/ip4/0.0.0.0/tcp/1`, false],
];
const LINK_LOCAL: Cases = [
  ['/ip6/fe80::1/tcp/1', true],
  ['/ip6/febf:ffff::1/tcp/1', true],
  ['/ip6zone/eth0/ip6/fe80::1/tcp/1', true],
  ['/ip6/ff02::1/udp/1/quic-v1', true],
  ['/ip6/fec0::1/tcp/1', false],
  ['/ip6/fe00::1/tcp/1', false],
  ['/ip6/fd00::1/tcp/1', false],
  ['/ip6/ff0e::1/tcp/1', false],
  ['/ip6/2001:4860::1/tcp/1', false],
  ['/ip4/169.254.1.1/tcp/1', false],
  ['/dns6/example.com/tcp/1', false],
];
const DRAFT29: Cases = [
  ['/ip4/1.2.3.4/udp/1/quic', true],
  ['/ip6/2001:4860::1/udp/1/quic', true],
  ['/ip6zone/eth0/ip6/fe80::1/udp/1/quic', true],
  [`/ip4/1.2.3.4/udp/1/quic/p2p/${PEER}`, true],
  ['/ip4/1.2.3.4/udp/1/quic-v1', false],
  ['/ip4/1.2.3.4/tcp/1', false],
  ['/dns4/example.com/udp/1/quic', false],
];

describe('an address that is not worth a dial', () => {
  it.each(UNSPECIFIED)('[FILT-2, 4a] is unspecified: %s: %s', (addr, holds) => {
    expect(isUnspecified(parseMultiaddr(addr))).toBe(holds);
  });

  it.each(LINK_LOCAL)('[FILT-2, 4c] is IPv6 link-local: %s: %s', (addr, holds) => {
    expect(isLinkLocal6(parseMultiaddr(addr))).toBe(holds);
  });

  it.each(DRAFT29)('[FILT-2, 1] is QUIC draft-29: %s: %s', (addr, holds) => {
    expect(isDraft29Quic(parseMultiaddr(addr))).toBe(holds);
  });
});

describe('FILT-4: a better address leads to the same IP and port', () => {
  const RELAY = `/p2p/${PEER}/p2p-circuit`;
  const worse = (addrs: readonly string[]): string[] => {
    const plan = planOf(addrs);
    return plan.dials.filter(({ addr }) => hasBetter(addr, plan)).map(({ addr }) => addr.toString());
  };

  it.each([
    ['QUIC v1 beats draft-29', ['/ip4/1.2.3.4/udp/1/quic'], ['/ip4/1.2.3.4/udp/1/quic-v1']],
    [
      'QUIC v1 beats WebTransport',
      ['/ip6/2001:4860::1/udp/1/quic-v1/webtransport'],
      ['/ip6/2001:4860::1/udp/1/quic-v1'],
    ],
    ['TCP beats WebSocket', ['/ip4/1.2.3.4/tcp/1/ws', '/ip4/1.2.3.4/tcp/1/wss'], ['/ip4/1.2.3.4/tcp/1']],
    [
      'TCP beats WebSocket with TLS in two parts',
      ['/ip4/1.2.3.4/tcp/1/tls/sni/a.example/ws'],
      ['/ip4/1.2.3.4/tcp/1'],
    ],
    ['relays count by the way to them', [`/ip4/1.2.3.4/tcp/1/ws${RELAY}`], [`/ip4/1.2.3.4/tcp/1${RELAY}`]],
    ['another port is no better', [], ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2/ws']],
    [
      'another IP is no better',
      [],
      ['/ip4/1.2.3.4/udp/1/quic-v1', '/ip4/1.2.3.5/udp/1/quic-v1/webtransport'],
    ],
    [
      'another protocol at the same number is no better',
      [],
      ['/ip4/1.2.3.4/udp/1/quic-v1', '/ip4/1.2.3.4/tcp/1/ws'],
    ],
    [
      'WebTransport does not beat itself',
      [],
      ['/ip4/1.2.3.4/udp/1/quic-v1/webtransport', '/ip4/1.2.3.4/udp/1/quic'],
    ],
    ['names have no better', [], ['/dns4/a.example/tcp/1', '/dns4/a.example/tcp/1/ws']],
    [
      'unlike things live side by side',
      [],
      ['/ip4/1.2.3.4/udp/1/quic-v1', '/ip4/1.2.3.4/udp/1/webrtc-direct', '/memory/1'],
    ],
  ])('%s', (_, gone, kept) => {
    expect(worse([...gone, ...kept])).toEqual(gone);
    expect(worse([...kept, ...gone])).toEqual(gone);
  });

  it('looks only at what the plan still has', () => {
    const ws = parseMultiaddr('/ip4/1.2.3.4/tcp/1/ws');
    expect(hasBetter(ws, planOf(['/ip4/1.2.3.4/tcp/1']))).toBe(true);
    expect(hasBetter(ws, planOf([]))).toBe(false);
  });
});
