/** The table of multiaddr protocols. @source multiformats/multiaddr protocols.csv; go-multiaddr, where they differ */
import * as values from './multiaddr-values.js';
import type { ValueCodec } from './multiaddr-values.js';

export interface Protocol {
  readonly code: number;
  readonly name: string;
  /** Bytes of the value: fixed, none, behind a length, or everything that is left. */
  readonly size: number | 'prefixed' | 'path';
  readonly value?: ValueCodec;
}

const bare = (code: number, name: string): Protocol => ({ code, name, size: 0 });
const fixed = (code: number, name: string, size: number, value: ValueCodec): Protocol => ({
  code,
  name,
  size,
  value,
});
const prefixed = (code: number, name: string, value: ValueCodec): Protocol => ({
  code,
  name,
  size: 'prefixed',
  value,
});

export const PROTOCOLS: readonly Protocol[] = [
  fixed(4, 'ip4', 4, values.ip4),
  fixed(6, 'tcp', 2, values.port),
  fixed(33, 'dccp', 2, values.port),
  fixed(41, 'ip6', 16, values.ip6),
  prefixed(42, 'ip6zone', values.zone),
  fixed(43, 'ipcidr', 1, values.cidrMask),
  prefixed(53, 'dns', values.dnsName),
  prefixed(54, 'dns4', values.dnsName),
  prefixed(55, 'dns6', values.dnsName),
  prefixed(56, 'dnsaddr', values.dnsName),
  fixed(132, 'sctp', 2, values.port),
  fixed(273, 'udp', 2, values.port),
  bare(275, 'p2p-webrtc-star'),
  bare(276, 'p2p-webrtc-direct'),
  bare(277, 'p2p-stardust'),
  bare(280, 'webrtc-direct'),
  bare(281, 'webrtc'),
  bare(290, 'p2p-circuit'),
  bare(301, 'udt'),
  bare(302, 'utp'),
  { code: 400, name: 'unix', size: 'path', value: values.unixPath },
  prefixed(421, 'p2p', values.peer),
  bare(443, 'https'),
  fixed(444, 'onion', 12, values.onion(10)),
  fixed(445, 'onion3', 37, values.onion(35)),
  prefixed(446, 'garlic64', values.garlic64),
  prefixed(447, 'garlic32', values.garlic32),
  bare(448, 'tls'),
  prefixed(449, 'sni', values.serverName),
  bare(454, 'noise'),
  bare(460, 'quic'),
  bare(461, 'quic-v1'),
  bare(465, 'webtransport'),
  prefixed(466, 'certhash', values.certhash),
  bare(477, 'ws'),
  bare(478, 'wss'),
  bare(479, 'p2p-websocket-star'),
  bare(480, 'http'),
  prefixed(481, 'http-path', values.httpPath),
  fixed(777, 'memory', 8, values.memoryNumber),
];

const byCode = new Map(PROTOCOLS.map((protocol) => [protocol.code, protocol]));
const byName = new Map(PROTOCOLS.map((protocol) => [protocol.name, protocol]));

export function protocolByCode(code: number): Protocol | undefined {
  return byCode.get(code);
}

/** By name; `ipfs` is the old one of `p2p`. */
export function protocolByName(name: string): Protocol | undefined {
  return byName.get(name === 'ipfs' ? 'p2p' : name);
}
