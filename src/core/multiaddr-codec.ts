/** Multiaddrs between text, bytes and components, strictly. @source multiformats/multiaddr specification; ADR 4 */
import { concatBytes } from './bytes.js';
import type { Bytes } from './duplex.js';
import type { PeerId } from './identity.js';
import { Libp2pError, quote } from './errors.js';
import { protocolByCode, protocolByName, type Protocol } from './multiaddr-protocols.js';
import { decodeSmallVarint, encodeVarint } from './varint.js';

export interface AddrComponent {
  readonly code: number;
  readonly name: string;
  /** Canonical text of the value, where there is one. */
  readonly value?: string;
  /** Code, length and value as they stand on the wire. */
  readonly bytes: Bytes;
}

/** Nothing real comes near; a remote may. */
const MAX_ADDR_BYTES = 1024;
const MAX_COMPONENTS = 16;

export function componentsFromText(text: string): AddrComponent[] {
  if (text.length > 2 * MAX_ADDR_BYTES) throw invalid(`an address of ${String(text.length)} characters`);
  if (!text.startsWith('/')) throw invalid(`${quote(text)} does not start with a slash`);
  const parts = text.replace(/\/+$/, '').split('/').slice(1);
  const components: AddrComponent[] = [];
  let at = 0;
  while (at < parts.length) {
    const protocol = protocolByName(parts[at] ?? '');
    if (protocol === undefined)
      throw invalid(`${quote(text)}: there is no protocol ${quote(parts[at] ?? '')}`);
    components.push(component(protocol, valueFromText(protocol, parts.slice(at + 1), text)));
    at += protocol.size === 0 ? 1 : protocol.size === 'path' ? parts.length : 2;
  }
  return bounded(components);
}

/** The value that stands behind a protocol's name; a path takes all that is left. */
function valueFromText(protocol: Protocol, rest: readonly string[], text: string): Bytes | undefined {
  if (protocol.size === 0) return undefined;
  const value = protocol.size === 'path' ? `/${rest.join('/')}` : rest[0];
  const bytes = value === undefined ? undefined : protocol.value?.parse(value);
  if (bytes === undefined)
    throw invalid(`${quote(text)}: ${quote(value ?? '')} is no value of ${protocol.name}`);
  return bytes;
}

export function componentsFromBytes(bytes: Uint8Array): AddrComponent[] {
  if (bytes.byteLength > MAX_ADDR_BYTES) throw invalid(`an address of ${String(bytes.byteLength)} bytes`);
  const components: AddrComponent[] = [];
  let offset = 0;
  while (offset < bytes.byteLength) {
    const { component: next, end } = componentAt(bytes, offset);
    components.push(next);
    offset = end;
    if (next.code === 400 && offset < bytes.byteLength) throw invalid('something behind a path', offset);
  }
  return bounded(components);
}

/** These, and the peer to which they lead. */
export function componentsWithPeer(components: readonly AddrComponent[], peer: PeerId): AddrComponent[] {
  const protocol = protocolByName('p2p');
  if (protocol === undefined) throw invalid('no protocol p2p');
  const { code, name } = protocol;
  const bytes = concatBytes(encodeVarint(code), encodeVarint(peer.bytes.byteLength), peer.bytes);
  return bounded([...components, { code, name, value: peer.toString(), bytes }]);
}

export function textOf(components: readonly AddrComponent[]): string {
  return components
    .map(({ name, value }) =>
      value === undefined ? `/${name}` : value.startsWith('/') ? `/${name}${value}` : `/${name}/${value}`,
    )
    .join('');
}

function componentAt(
  bytes: Uint8Array,
  offset: number,
): { readonly component: AddrComponent; readonly end: number } {
  const code = number(bytes, offset, 'protocol code');
  const protocol = protocolByCode(code.value);
  if (protocol === undefined) throw invalid(`unknown protocol code ${String(code.value)}`, offset);
  let start = offset + code.bytesRead;
  let byteLength = protocol.size;
  if (typeof byteLength !== 'number') {
    const length = number(bytes, start, `length of ${protocol.name}`);
    start += length.bytesRead;
    byteLength = length.value;
    if (byteLength === 0) throw invalid(`${protocol.name} without a value`, offset);
  }
  const end = start + byteLength;
  if (end > bytes.byteLength) throw invalid(`${protocol.name}, cut off`, offset);
  return {
    component: component(
      protocol,
      byteLength === 0 ? undefined : new Uint8Array(bytes.subarray(start, end)),
      offset,
    ),
    end,
  };
}

function component(protocol: Protocol, value: Bytes | undefined, offset?: number): AddrComponent {
  const { code, name, size } = protocol;
  if (value === undefined) return { code, name, bytes: encodeVarint(code) };
  const text = protocol.value?.print(value);
  if (text === undefined) throw invalid(`a value that ${name} does not allow`, offset);
  const length = typeof size === 'number' ? [] : [encodeVarint(value.byteLength)];
  return { code, name, value: text, bytes: concatBytes(encodeVarint(code), ...length, value) };
}

function number(
  bytes: Uint8Array,
  offset: number,
  what: string,
): { readonly value: number; readonly bytesRead: number } {
  try {
    const decoded = decodeSmallVarint(bytes, offset);
    if (decoded !== undefined) return decoded;
  } catch (cause) {
    throw new Libp2pError(
      'ERR_INVALID_MULTIADDR',
      'remote',
      `a ${what} that is no varint, at offset ${String(offset)}`,
      { cause },
    );
  }
  throw invalid(`a ${what} that is cut off`, offset);
}

function bounded(components: AddrComponent[]): AddrComponent[] {
  if (components.length === 0) throw invalid('an empty address');
  if (components.length > MAX_COMPONENTS)
    throw invalid(`an address of ${String(components.length)} components`);
  checkPeers(components);
  return components;
}

/** An address leads to one peer: another one may only stand behind a relay. */
function checkPeers(components: readonly AddrComponent[]): void {
  let peer: string | undefined;
  for (const { name, value } of components) {
    if (name === 'p2p-circuit') peer = undefined;
    if (name !== 'p2p') continue;
    if (peer !== undefined && peer !== value)
      throw invalid(`an address of two peers, ${peer} and ${value ?? ''}`);
    peer = value;
  }
}

function invalid(found: string, offset?: number): Libp2pError {
  return new Libp2pError(
    'ERR_INVALID_MULTIADDR',
    'remote',
    `multiaddr: ${found}${offset === undefined ? '' : `, at offset ${String(offset)}`}`,
  );
}
