/** Peers that are hard to reach, each in its own way: what they are, and the network on which they are dialed. */
import { defaultStrategy, type DialStrategy } from 'rx-libp2p';
import { simulateDial } from 'rx-libp2p/testing';

export interface Scenario {
  /** In one sentence. */
  readonly says: string;
  readonly strategy: DialStrategy;
  readonly network: Parameters<typeof simulateDial>[1];
}

const RELAY = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp';
const MANY = 20;
const manyAddrs = Array.from({ length: MANY }, (_, at) => `/ip4/192.0.2.${String(at + 1)}/tcp/4001`);

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'dead-first': {
    says: 'Two addresses that never answer stand before a good one, and cost it half a second.',
    strategy: defaultStrategy(),
    network: {
      addrs: {
        '/ip4/192.0.2.1/udp/4001/quic-v1': { hangs: true },
        '/ip4/192.0.2.1/tcp/4001': { hangs: true },
        '/ip4/198.51.100.7/tcp/4002': { connectMs: 40 },
      },
    },
  },
  'happy-eyeballs': {
    says: 'IPv6 goes first and is silent; IPv4 follows a quarter of a second later and wins.',
    strategy: defaultStrategy(),
    network: {
      addrs: {
        '/ip6/2001:db8::1/tcp/4001': { hangs: true },
        '/ip4/192.0.2.1/tcp/4001': { connectMs: 60 },
      },
    },
  },
  'late-dns': {
    says: 'A name answers after 300 ms, with an address that overtakes the slow one known before.',
    strategy: defaultStrategy(),
    network: {
      addrs: {
        '/ip4/192.0.2.1/tcp/4001': { connectMs: 900 },
        '/dns4/peer.example.org/tcp/4001': { connectMs: 50 },
      },
      names: { 'peer.example.org': { afterMs: 300, answers: ['198.51.100.7'] } },
    },
  },
  'handshake-stalls': {
    says: 'A socket connects, but its handshake stalls: the next address is held back a little, and wins.',
    strategy: defaultStrategy(),
    network: {
      addrs: {
        '/ip4/1.2.3.4/tcp/4001': { stallMs: 200 },
        '/ip4/1.2.3.4/tcp/4002': { connectMs: 80 },
      },
    },
  },
  'relay-last': {
    says: 'Half a second is left to the direct addresses, and then a relay is as good as any.',
    strategy: defaultStrategy(),
    network: {
      addrs: {
        '/ip4/192.0.2.1/udp/4001/quic-v1': { hangs: true },
        '/ip4/192.0.2.1/tcp/4001': { hangs: true },
        [`/ip4/203.0.113.5/tcp/4001/p2p/${RELAY}/p2p-circuit`]: { connectMs: 90 },
      },
    },
  },
  'all-dead': {
    says: 'Every address fails in its own way, and the dial tells them all.',
    strategy: defaultStrategy(),
    network: {
      addrs: {
        '/ip4/192.0.2.1/udp/4001/quic-v1': { refuseMs: 30 },
        '/ip4/192.0.2.1/tcp/4001': { handshakeFailMs: 120 },
        '/ip6/2001:db8::1/tcp/4001': { refuseMs: 45 },
        '/ip4/198.51.100.7/tcp/4001': { hangs: true },
      },
    },
  },
  many: {
    says: 'Twenty addresses, the last one alive: eight are dialed at once, the others are held back.',
    strategy: defaultStrategy(),
    network: {
      addrs: Object.fromEntries(
        manyAddrs.map((addr, at) => [addr, at === MANY - 1 ? { connectMs: 60 } : { refuseMs: 150 }]),
      ),
    },
  },
  'quic-then-tcp': {
    says: 'QUIC is refused after 100 ms, so TCP does not wait for its turn.',
    strategy: defaultStrategy(),
    network: {
      addrs: {
        '/ip4/192.0.2.1/udp/4001/quic-v1': { refuseMs: 100 },
        '/ip4/192.0.2.1/tcp/4001': { connectMs: 50 },
      },
    },
  },
};
