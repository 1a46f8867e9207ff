/** What a WebSocket's address says. Values in, values out. @source wire 11.1; go-libp2p websocket, TR-9 */
import type { Multiaddr } from '@multiformats/multiaddr';
import type { AddrComponent } from '../../core/multiaddr-codec.js';
import {
  componentsOf,
  hostAndPort,
  parseMultiaddr,
  splitPeer,
  type HostAndPort,
} from '../../core/multiaddr.js';

export interface Place extends HostAndPort {
  readonly secure: boolean;
  /** What the server has to prove to be, where that is no IP address. */
  readonly serverName: string | undefined;
  /** Of the request, with its `/`. */
  readonly path: string;
  /** Behind host and port, as this package writes it: `/ws`, `/tls/ws`, `/tls/sni/<name>/ws`. */
  readonly tail: string;
}

/** `undefined` where it is another's address. */
export function placeOf(addr: Multiaddr): Place | undefined {
  const { transport } = splitPeer(addr);
  const target = transport && hostAndPort(transport);
  if (transport === undefined || target?.protocol !== 'tcp') return undefined;
  const above = componentsOf(transport).slice(target.components);
  const path = above.find(({ name }) => name === 'http-path');
  const way = wayOf(path === undefined || above.at(-1) !== path ? above : above.slice(0, -1));
  if (way === undefined) return undefined;
  const byName = target.kind === 'dns' ? target.host : undefined;
  return { ...target, serverName: byName, ...way, path: pathOf(path) };
}

function wayOf(
  above: readonly AddrComponent[],
): (Pick<Place, 'secure' | 'tail'> & Partial<Pick<Place, 'serverName'>>) | undefined {
  switch (above.map(({ name }) => name).join('/')) {
    case 'ws':
      return { secure: false, tail: '/ws' };
    case 'wss':
    case 'tls/ws':
      return { secure: true, tail: '/tls/ws' };
    case 'tls/sni/ws':
      return { secure: true, serverName: above[1]?.value, tail: `/tls/sni/${above[1]?.value ?? ''}/ws` };
    default:
      return undefined;
  }
}

/** Where to ask; the name that the server has to prove stands in for its IP address. */
export function urlOf({ secure, serverName, host, port, path }: Place): string {
  const [address = ''] = host.split('%');
  const name = serverName ?? (address.includes(':') ? `[${address}]` : address);
  return `${secure ? 'wss' : 'ws'}://${name}:${String(port)}${path}`;
}

/** The address of one end of a connection. */
export function withTail(addr: Multiaddr, { tail }: Pick<Place, 'tail'>): Multiaddr {
  return parseMultiaddr(addr.toString() + tail);
}

/** The component's text is percent-encoded; each `/` in it is one of the path. */
function pathOf(component: AddrComponent | undefined): string {
  const path = decodeURIComponent(component?.value ?? '');
  return encodeURI(path.startsWith('/') ? path : `/${path}`);
}
