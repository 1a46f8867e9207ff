/** Who gets a connection although the host is full (RM-44). Decisions only. */
import type { Multiaddr } from '@multiformats/multiaddr';
import { parseIp } from '../core/ip.js';
import { isWithin, parseSubnet, printSubnet, type Subnet } from '../core/ip-rules.js';
import { componentsOf, parseMultiaddr } from '../core/multiaddr.js';
import type { AddrComponent } from '../core/multiaddr-codec.js';
import { peerIdFrom } from '../core/peer-id.js';

interface Entry {
  readonly subnet: Subnet;
  /** Everybody there, if left out. */
  readonly peer: string | undefined;
}

export class Allowlist {
  /** The most specific first. */
  private readonly entries: readonly Entry[];

  /** Throws for an entry that has no IP address, or is none at all. */
  constructor(entries: readonly (string | Multiaddr)[] = []) {
    this.entries = entries.map(read).sort((a, b) => b.subnet.bits - a.subnet.bits);
  }

  /** The network that lets this address in, whoever it is. */
  networkOf(host: string | undefined): string | undefined {
    const ip = host === undefined ? undefined : parseIp(host);
    const entry = ip && this.entries.find(({ subnet }) => isWithin(ip, subnet));
    return entry && printSubnet(entry.subnet);
  }

  /** Whether this peer is let in from this address. */
  allows(host: string | undefined, peer: string): boolean {
    const ip = host === undefined ? undefined : parseIp(host);
    if (ip === undefined) return false;
    return this.entries.some((entry) => (entry.peer ?? peer) === peer && isWithin(ip, entry.subnet));
  }
}

function read(given: string | Multiaddr): Entry {
  const [ip, ...behind] = componentsOf(parseMultiaddr(given));
  if (ip?.name !== 'ip4' && ip?.name !== 'ip6') throw new TypeError('missing ip address');
  const cidr = behind[0]?.name === 'ipcidr' ? behind.shift() : undefined;
  return { subnet: subnetOf(ip, cidr), peer: peerOf(behind) };
}

function subnetOf({ value: address = '' }: AddrComponent, cidr: AddrComponent | undefined): Subnet {
  const bits = cidr?.value;
  const subnet = parseSubnet(bits === undefined ? address : `${address}/${bits}`);
  if (subnet === undefined) throw new TypeError(`the address has no ${bits ?? ''} bits`);
  return subnet;
}

function peerOf([peer, ...more]: readonly AddrComponent[]): string | undefined {
  if (peer === undefined) return undefined;
  if (peer.name !== 'p2p' || peer.value === undefined || more.length > 0)
    throw new TypeError('behind the address there may be /ipcidr/<bits> and /p2p/<id>, and nothing else');
  return peerIdFrom(peer.value).toString();
}
