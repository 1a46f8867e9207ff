import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { factsOf } from '../../src/swarm/connection-facts.js';

const RELAYED = '/ip4/5.6.7.8/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit';

it.each([
  ['/ip4/1.2.3.4/tcp/80', '1.2.3.4', true],
  ['/ip4/1.2.3.4/tcp/80/ws', '1.2.3.4', true],
  ['/ip6/2001:db8::1/udp/80/quic-v1', '2001:db8::1', false],
  ['/memory/1', undefined, false],
  [RELAYED, undefined, false],
])('RM-45, RM-43, ODD-17: %s counts at %s, and takes a descriptor: %s', (addr, host, usesDescriptor) => {
  expect(factsOf(parseMultiaddr(addr))).toEqual({ host, usesDescriptor });
});

it('ODD-17: what came through a relay counts nowhere, whatever its address says', () => {
  expect(factsOf(parseMultiaddr('/ip4/1.2.3.4/tcp/80'), true)).toEqual({
    host: undefined,
    usesDescriptor: false,
  });
});
