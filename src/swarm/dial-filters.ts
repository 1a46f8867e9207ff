/** Addresses that are not worth a dial. Questions about components, never about text. @source go-libp2p swarm, FILT-2 to FILT-4 */
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialPlan, PlannedDial } from '../core/dial-contract.js';
import { isMapped, parseIp4, parseIp6 } from '../core/ip.js';
import { componentsOf, protocolNames } from '../core/multiaddr.js';

/** `0.0.0.0` or `::`, also in IPv6 clothes: the address of a listener that knows no better, nobody's place. @source FILT-2, 4a */
export function isUnspecified(addr: Multiaddr): boolean {
  const ip = firstIp(addr);
  if (ip === undefined) return false;
  return (isMapped(ip) ? ip.subarray(12) : ip).every((byte) => byte === 0);
}

/** IPv6 link-local, fe80::/10 or ff02::/16: means nothing without our own interface. @source FILT-2, 4c */
export function isLinkLocal6(addr: Multiaddr): boolean {
  const ip = firstIp(addr);
  if (ip?.byteLength !== 16) return false;
  const [first = 0, second = 0] = ip;
  return (first === 0xfe && (second & 0xc0) === 0x80) || (first === 0xff && (second & 0x0f) === 0x02);
}

/** QUIC as it was before RFC 9000: `/ip…/udp/…/quic`. @source FILT-2, 1 */
export function isDraft29Quic(addr: Multiaddr): boolean {
  const names = protocolNames(addr);
  const [ip, udp, quic] = names[0] === 'ip6zone' ? names.slice(1) : names;
  return (ip === 'ip4' || ip === 'ip6') && udp === 'udp' && quic === 'quic';
}

/**
 * Whether the plan has a plainer way to the same IP and port: QUIC v1 before WebTransport and draft-29, TCP before
 * WebSocket. Names have no better, since nobody knows yet where they lead. @source FILT-4
 */
export function hasBetter(addr: Multiaddr, plan: DialPlan): boolean {
  const names = protocolNames(addr);
  const protocol =
    names.includes('webtransport') || names.includes('quic')
      ? 'udp'
      : names.includes('ws') || names.includes('wss')
        ? 'tcp'
        : undefined;
  const place = protocol && placeOf(addr, protocol);
  return place !== undefined && plainPlaces(plan.dials).has(place);
}

/** Every address of a plan is compared with all others: once a plan is enough. */
const known = new WeakMap<readonly PlannedDial[], ReadonlySet<string>>();

function plainPlaces(dials: readonly PlannedDial[]): ReadonlySet<string> {
  const before = known.get(dials);
  if (before !== undefined) return before;
  const places = new Set(dials.flatMap(({ addr }) => plainPlace(addr) ?? []));
  known.set(dials, places);
  return places;
}

function plainPlace(addr: Multiaddr): string | undefined {
  const names = protocolNames(addr);
  if (names.includes('webtransport')) return undefined;
  if (names.includes('quic-v1')) return placeOf(addr, 'udp');
  if (names.includes('ws') || names.includes('wss')) return undefined;
  return placeOf(addr, 'tcp');
}

/** The first IP and the first port of that protocol, also in a relay's address. */
function placeOf(addr: Multiaddr, protocol: 'udp' | 'tcp'): string | undefined {
  const components = componentsOf(addr);
  const ip = components.find(({ name }) => name === 'ip4') ?? components.find(({ name }) => name === 'ip6');
  const port = components.find(({ name }) => name === protocol);
  return ip?.value === undefined || port?.value === undefined
    ? undefined
    : `${protocol} ${port.value} ${ip.value}`;
}

/** The address where it begins with an IP; a zone in front is skipped. */
export function firstIp(addr: Multiaddr): Uint8Array | undefined {
  const [head, second] = componentsOf(addr);
  const { name, value = '' } = (head?.name === 'ip6zone' ? second : head) ?? {};
  return name === 'ip4' ? parseIp4(value) : name === 'ip6' ? parseIp6(value) : undefined;
}
