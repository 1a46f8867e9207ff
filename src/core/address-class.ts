/** Public, private, loopback: judged by the first component only, behind a zone; IPv4 in IPv6 clothes is IPv4. @source go-multiaddr, net/private.go */
import type { Multiaddr } from '@multiformats/multiaddr';
import { parseIp, parseIp4, parseIp6 } from './ip.js';
import { componentsOf, protocolNames } from './multiaddr.js';

interface Range {
  readonly network: Uint8Array;
  readonly bits: number;
}
const range = (text: string): Range => {
  const [address = '', bits] = text.split('/');
  return { network: parseIp4(address) ?? parseIp6(address) ?? new Uint8Array(0), bits: Number(bits) };
};
const PRIVATE4 = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
].map(range);
const PRIVATE6 = ['::1/128', 'fc00::/7', 'fe80::/10'].map(range);
const UNROUTABLE4 = [
  '0.0.0.0/8',
  '192.0.0.0/26',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '255.255.255.255/32',
].map(range);
const UNROUTABLE6 = ['ff00::/8', '2001:db8::/32'].map(range);
const GLOBAL6 = ['2000::/3'].map(range);
const NAT64 = ['64:ff9b:1::/48', '64:ff9b::/96'].map(range);
const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(range);
const NAMES: ReadonlySet<string> = new Set(['dns', 'dns4', 'dns6', 'dnsaddr']);
const PRIVATE_SUFFIXES = ['.home.arpa', '.local', '.test'];
const UNRESOLVABLE_SUFFIXES = ['.in-addr.arpa', '.ip6.arpa', '.invalid'];

/** Reachable from anywhere, as far as the address tells. */
export function isPublic(addr: Multiaddr): boolean {
  const { name, value, ip } = first(addr);
  if (ip !== undefined) {
    if (ip.byteLength === 4) return !within(ip, PRIVATE4) && !within(ip, UNROUTABLE4);
    return (within(ip, GLOBAL6) && !within(ip, UNROUTABLE6)) || within(ip, NAT64);
  }
  const dotted = `.${value.toLowerCase()}`;
  return (
    NAMES.has(name) &&
    !isLocalhost(value) &&
    ![...PRIVATE_SUFFIXES, ...UNRESOLVABLE_SUFFIXES].some((suffix) => dotted.endsWith(suffix))
  );
}

/** In a private network, or on this machine. */
export function isPrivate(addr: Multiaddr): boolean {
  const { name, value, ip } = first(addr);
  if (ip !== undefined) return within(ip, ip.byteLength === 4 ? PRIVATE4 : PRIVATE6);
  return NAMES.has(name) && isLocalhost(value);
}

/** On this machine: 127.0.0.0/8 or ::1. */
export function isLoopback(addr: Multiaddr): boolean {
  const { ip } = first(addr);
  return ip !== undefined && within(ip, LOOPBACK);
}

export const isRelay = (addr: Multiaddr): boolean => protocolNames(addr).includes('p2p-circuit');
export const isQuic = (addr: Multiaddr): boolean => has(addr, 'quic-v1') && !isRelay(addr);
export const isWebSocket = (addr: Multiaddr): boolean =>
  (has(addr, 'ws') || has(addr, 'wss')) && !isRelay(addr);
/** Plain TCP: nothing on top of it but a peer. */
export const isTcp = (addr: Multiaddr): boolean => has(addr, 'tcp') && !isWebSocket(addr) && !isRelay(addr);

/** Whether a connection takes a file descriptor; a relay's is taken by the connection to the relay. @source LIM-3 */
export function usesDescriptor(addr: Multiaddr): boolean {
  return !isRelay(addr) && (has(addr, 'tcp') || has(addr, 'unix'));
}

function has(addr: Multiaddr, name: string): boolean {
  return protocolNames(addr).includes(name);
}

function isLocalhost(value: string): boolean {
  return `.${value.toLowerCase()}`.endsWith('.localhost');
}

function first(addr: Multiaddr): {
  readonly name: string;
  readonly value: string;
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array | undefined;
} {
  const [head, second] = componentsOf(addr);
  const { name = '', value = '' } = (head?.name === 'ip6zone' ? second : head) ?? {};
  return { name, value, ip: name === 'ip4' || name === 'ip6' ? parseIp(value) : undefined };
}

function within(ip: Uint8Array, ranges: readonly Range[]): boolean {
  return ranges.some(
    ({ network, bits }) => network.byteLength === ip.byteLength && sharesPrefix(ip, network, bits),
  );
}

function sharesPrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff;
    if ((((a[bit / 8] ?? 0) ^ (b[bit / 8] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
