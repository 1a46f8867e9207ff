/** Addresses that begin with a name: what to ask for them, and what the answers make of them. @source go-libp2p swarm, RES-2, RES-7, RES-10 */
import type { Multiaddr } from '@multiformats/multiaddr';
import { isRelay } from './address-class.js';
import { concatBytes, equalBytes } from './bytes.js';
import type { PeerId } from './identity.js';
import { parseIp4, parseIp6 } from './ip.js';
import type { AddrComponent } from './multiaddr-codec.js';
import { componentsOf, multiaddrFromNetwork, parseMultiaddr, splitPeer } from './multiaddr.js';

export type Family = 4 | 6;
/** What stands behind a name: IP addresses of these families, or whole addresses in TXT records. */
export type NamedAddr =
  | { readonly type: 'host'; readonly name: string; readonly families: readonly Family[] }
  | { readonly type: 'dnsaddr'; readonly name: string };

const FAMILIES: Readonly<Record<string, readonly Family[]>> = { dns: [4, 6], dns4: [4], dns6: [6] };

/** The name that an address begins with. A relay's own name is the relay dial's business: `undefined`. @source RES-2.2 */
export function namedAddr(addr: Multiaddr): NamedAddr | undefined {
  const [first] = componentsOf(addr);
  if (first?.value === undefined || isRelay(addr)) return undefined;
  if (first.name === 'dnsaddr') return { type: 'dnsaddr', name: first.value };
  const families = Object.hasOwn(FAMILIES, first.name) ? FAMILIES[first.name] : undefined;
  return families && { type: 'host', name: first.value, families };
}

export function needsResolving(addr: Multiaddr): boolean {
  return namedAddr(addr) !== undefined;
}

/** The address with an IP address in place of its name; `undefined` where the answer is none of that family. @source RES-10 */
export function withAddress(addr: Multiaddr, family: Family, answer: string): Multiaddr | undefined {
  const ip = family === 4 ? parseIp4(answer) : parseIp6(answer);
  if (ip === undefined) return undefined;
  const [, ...rest] = componentsOf(addr);
  return joined([...componentsOf(parseMultiaddr(`/ip${String(family)}/${answer}`)), ...rest]);
}

const RECORD = 'dnsaddr=';

/** The address in one TXT record of `addr`'s name: `undefined` if it has none, or none that ends as `addr` does. @source RES-10 */
export function addrOfRecord(addr: Multiaddr, record: string): Multiaddr | undefined {
  if (!record.startsWith(RECORD)) return undefined;
  try {
    // Once more as bytes: what comes from the network names no path on this machine.
    const found = multiaddrFromNetwork(parseMultiaddr(record.slice(RECORD.length)).bytes);
    const [, ...tail] = componentsOf(addr);
    return endsWith(componentsOf(found), tail) ? found : undefined;
  } catch {
    // Anybody can write anything into a TXT record.
    return undefined;
  }
}

/** Whether an address may lead to a peer: it names nobody else at its end. @source RES-8 */
export function mayLeadTo(addr: Multiaddr, peer: PeerId | undefined): boolean {
  const named = splitPeer(addr).peer;
  return peer === undefined || named === undefined || named.equals(peer);
}

/**
 * A secure WebSocket's address with the name that its server must prove, which the IP address no longer tells:
 * `/dns4/x/tcp/1/wss` and `/dns4/x/tcp/1/tls/ws` become `/dns4/x/tcp/1/tls/sni/x/ws`. Others as they are. @source RES-7, TR-9
 */
export function withSni(addr: Multiaddr): Multiaddr {
  const named = namedAddr(addr);
  const components = componentsOf(addr);
  const above = aboveSecureWebSocket(components);
  if (named?.type !== 'host' || above === undefined) return addr;
  const proven = componentsOf(parseMultiaddr(`/tls/sni/${named.name}/ws`));
  // One that is as long as an address may be has no room for it.
  return joined([...components.slice(0, 2), ...proven, ...above]) ?? addr;
}

/** What stands behind `/<host>/tcp/<port>/wss` or `…/tls/ws`; `undefined` where that is not what it is. */
function aboveSecureWebSocket([, tcp, third, ...rest]: readonly AddrComponent[]):
  readonly AddrComponent[] | undefined {
  if (tcp?.name !== 'tcp') return undefined;
  if (third?.name === 'wss') return rest;
  return third?.name === 'tls' && rest[0]?.name === 'ws' ? rest.slice(1) : undefined;
}

const LOOPBACK: Readonly<Record<Family, readonly string[]>> = { 4: ['127.0.0.1'], 6: ['::1'] };

/** This machine's own addresses, for `localhost` and the names below it, which no server is asked for. @source RFC 6761, 6.3 */
export function loopbackAnswer(name: string, family: Family): readonly string[] | undefined {
  return isLocalhost(name) ? LOOPBACK[family] : undefined;
}

export function isLocalhost(name: string): boolean {
  return `.${name.toLowerCase()}`.endsWith('.localhost');
}

function endsWith(components: readonly AddrComponent[], tail: readonly AddrComponent[]): boolean {
  const start = components.length - tail.length;
  return tail.every((part, at) => equalBytes(part.bytes, components[start + at]?.bytes ?? new Uint8Array(0)));
}

function joined(components: readonly AddrComponent[]): Multiaddr | undefined {
  try {
    return parseMultiaddr(concatBytes(...components.map(({ bytes }) => bytes)));
  } catch {
    // Longer than an address may be.
    return undefined;
  }
}
