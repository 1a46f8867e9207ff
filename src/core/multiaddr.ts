/**
 * The guard at every entry for addresses: whatever comes in is read by our own strict codec, and travels on as a small
 * object with the interface and the brand of `@multiformats/multiaddr`, of which nothing else is loaded. @source ADR 4
 */
import type { Component, Multiaddr } from '@multiformats/multiaddr';
import { concatBytes, equalBytes, toHex } from './bytes.js';
import type { Bytes } from './duplex.js';
import { Libp2pError } from './errors.js';
import type { PeerId } from './identity.js';
import { isMapped, parseIp6, printIp4 } from './ip.js';
import {
  componentsFromBytes,
  componentsFromText,
  componentsWithPeer,
  textOf,
  type AddrComponent,
} from './multiaddr-codec.js';
import { peerIdFrom } from './peer-id.js';
import { Recent } from './recent.js';

const BRAND = Symbol.for('@multiformats/multiaddr');
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** An address that our codec has read. Throws ERR_INVALID_MULTIADDR. */
export function parseMultiaddr(source: string | Uint8Array | Multiaddr): Multiaddr {
  if (typeof source === 'string')
    return readings.get(source)?.addr ?? fromComponents(componentsFromText(source));
  if (source instanceof Uint8Array) return fromComponents(componentsFromBytes(source));
  return source instanceof GuardedMultiaddr
    ? source
    : fromComponents(componentsFromText(foreignText(source)));
}

/** An address that a remote sent: paths on our own machine are none of its business. */
export function multiaddrFromNetwork(bytes: Uint8Array): Multiaddr {
  const components = componentsFromBytes(bytes);
  if (components.some(({ name }) => name === 'unix'))
    throw new Libp2pError('ERR_INVALID_MULTIADDR', 'remote', 'multiaddr: a unix path from the network');
  return fromComponents(components);
}

/** The components as our codec has them. */
export function componentsOf(addr: Multiaddr): readonly AddrComponent[] {
  return addr instanceof GuardedMultiaddr
    ? readingOf(addr).components
    : componentsFromText(foreignText(addr));
}

function fromComponents(components: readonly AddrComponent[]): Multiaddr {
  const text = textOf(components);
  return readings.get(text)?.addr ?? new GuardedMultiaddr(text, components);
}

/** The text of an object that somebody else made; a path is the one value that the package writes differently. */
function foreignText(addr: Multiaddr): string {
  const path = addr.getComponents().find(({ name }) => name === 'unix')?.value;
  if (path === undefined) return addr.toString();
  const before = addr.toString().split('/unix/')[0] ?? '';
  return `${before}/unix${path.startsWith('/') ? path : `/${path}`}`;
}

/** What is made of an address's text when somebody asks for it, and kept for as long as it is asked for. */
interface Reading {
  readonly components: readonly AddrComponent[];
  split: SplitAddr | undefined;
  /** The address of which this is the canonical text; none where the text does not bring all of it back. */
  readonly addr: Multiaddr | undefined;
}
/** Addresses that were asked about lately: a host with ten thousand connections asks about few of theirs at a time. */
const MAX_READINGS = 128;
const readings = new Recent<Reading>(MAX_READINGS);

function readingOf(addr: GuardedMultiaddr): Reading {
  return readings.get(addr.text) ?? read(addr, addr.kept ?? componentsFromText(addr.text));
}

function read(addr: GuardedMultiaddr, components: readonly AddrComponent[]): Reading {
  const reading = { components, split: undefined, addr: addr.kept === undefined ? addr : undefined };
  readings.set(addr.text, reading);
  return reading;
}

/** Whether its text alone would not bring all of it back: paths may end in a slash, and the long is not read from text. */
function isOdd(text: string, components: readonly AddrComponent[]): boolean {
  return text.length > MAX_PLAIN_CHARS || components.some(({ name }) => name === 'unix');
}
/** An address with a peer, a relay and its peer has about 200. */
const MAX_PLAIN_CHARS = 256;

/** An address in the package's clothes: its canonical text, by which it is compared, and nothing else. */
class GuardedMultiaddr implements Multiaddr {
  readonly kept: readonly AddrComponent[] | undefined;

  constructor(
    readonly text: string,
    components: readonly AddrComponent[],
  ) {
    this.kept = isOdd(text, components) ? components : undefined;
    read(this, components);
  }

  get [BRAND](): true {
    return true;
  }

  get bytes(): Bytes {
    return concatBytes(...readingOf(this).components.map(({ bytes }) => bytes));
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }

  getComponents(): Component[] {
    return readingOf(this).components.map((part) =>
      part.name === 'http-path'
        ? { ...part, value: `/${decodeURIComponent(part.value ?? '')}` }
        : { ...part },
    );
  }

  encapsulate(addr: string | Uint8Array | Multiaddr | Component[]): Multiaddr {
    const more = Array.isArray(addr) ? textOfForeign(addr) : parseMultiaddr(addr).toString();
    return parseMultiaddr(this.text + more);
  }

  decapsulate(addr: string | Multiaddr): Multiaddr {
    return decapsulate(this, parseMultiaddr(addr)) ?? this;
  }

  decapsulateCode(code: number): Multiaddr {
    const { components } = readingOf(this);
    const at = components.findLastIndex((component) => component.code === code);
    return at <= 0 ? this : fromComponents(components.slice(0, at));
  }

  equals(addr: { bytes: Uint8Array }): boolean {
    // Canonical both: one text, one address.
    return addr instanceof GuardedMultiaddr ? addr.text === this.text : equalBytes(this.bytes, addr.bytes);
  }

  [INSPECT](): string {
    return `Multiaddr(${this.text})`;
  }
}

/** Components that somebody else has put together. */
function textOfForeign(components: readonly Component[]): string {
  return components
    .map(({ name, value }) => `/${name}${value === undefined ? '' : `/${value.replace(/^\//, '')}`}`)
    .join('');
}

/** Without the last occurrence of `part`, and all behind it; `undefined` if nothing is left. Compares components, not text. */
export function decapsulate(addr: Multiaddr, part: Multiaddr): Multiaddr | undefined {
  const keys = componentsOf(addr).map(({ bytes }) => toHex(bytes));
  const wanted = componentsOf(part).map(({ bytes }) => toHex(bytes));
  for (let at = keys.length - wanted.length; at >= 0; at -= 1) {
    if (!wanted.every((key, index) => keys[at + index] === key)) continue;
    return at === 0 ? undefined : fromComponents(componentsOf(addr).slice(0, at));
  }
  return addr;
}

interface SplitAddr {
  readonly transport: Multiaddr | undefined;
  readonly peer: PeerId | undefined;
}
/** The transport's part of an address, and the peer that a trailing `/p2p/` names. */
export function splitPeer(addr: Multiaddr): SplitAddr {
  if (!(addr instanceof GuardedMultiaddr)) return splitComponents(addr);
  // Applications pass the same address with every stream that they open.
  const reading = readingOf(addr);
  reading.split ??= splitComponents(addr);
  return reading.split;
}

function splitComponents(addr: Multiaddr): SplitAddr {
  const components = componentsOf(addr);
  const last = components.at(-1);
  if (last?.name !== 'p2p' || last.value === undefined) return { transport: addr, peer: undefined };
  const before = components.slice(0, -1);
  return {
    transport: before.length === 0 ? undefined : fromComponents(before),
    peer: peerIdFrom(last.value),
  };
}

/** The address with `/p2p/<peer>` at its end, if it does not stand there already. */
export function withPeer(addr: Multiaddr, peer: PeerId): Multiaddr {
  if (splitPeer(addr).peer?.equals(peer) === true) return addr;
  return fromComponents(componentsWithPeer(componentsOf(addr), peer));
}

export function protocolNames(addr: Multiaddr): string[] {
  return componentsOf(addr).map(({ name }) => name);
}

export interface HostAndPort {
  /** An IP address (with `%zone`, where there is one) or a name. */
  readonly host: string;
  readonly port: number;
  readonly kind: 'ip' | 'dns';
  /** 0: whichever the name has. */
  readonly family: 0 | 4 | 6;
  readonly protocol: 'tcp' | 'udp';
  /** How many components that took. */
  readonly components: number;
}
const HOSTS: Readonly<Record<string, { readonly kind: 'ip' | 'dns'; readonly family: 0 | 4 | 6 }>> = {
  ip4: { kind: 'ip', family: 4 },
  ip6: { kind: 'ip', family: 6 },
  dns: { kind: 'dns', family: 0 },
  dns4: { kind: 'dns', family: 4 },
  dns6: { kind: 'dns', family: 6 },
};

/** Where an address begins with a host and a TCP or UDP port. */
export function hostAndPort(addr: Multiaddr): HostAndPort | undefined {
  const [first, second, third] = componentsOf(addr);
  if (first?.name !== 'ip6zone') return endpoint(first, second);
  const found = endpoint(second, third);
  return found && { ...found, host: `${found.host}%${first.value ?? ''}`, components: 3 };
}

function endpoint(host: AddrComponent | undefined, port: AddrComponent | undefined): HostAndPort | undefined {
  const found = host && Object.hasOwn(HOSTS, host.name) ? HOSTS[host.name] : undefined;
  if (found === undefined || host?.value === undefined) return undefined;
  if (port?.value === undefined || (port.name !== 'tcp' && port.name !== 'udp')) return undefined;
  return { ...found, host: host.value, port: Number(port.value), protocol: port.name, components: 2 };
}

/** A socket's address. IPv4 in IPv6 clothes is IPv4; a zone gets its component. Throws ERR_INVALID_MULTIADDR. */
export function tcpMultiaddr(host: string, port: number): Multiaddr {
  const [address = '', zone] = host.split('%');
  const bytes = parseIp6(address);
  const tail = `/tcp/${String(port)}`;
  if (bytes === undefined) return parseMultiaddr(`/ip4/${address}${tail}`);
  if (isMapped(bytes)) return parseMultiaddr(`/ip4/${printIp4(bytes.subarray(12))}${tail}`);
  return parseMultiaddr(`${zone === undefined ? '' : `/ip6zone/${zone}`}/ip6/${address}${tail}`);
}
