/** Connections per network of the remote: new ones a second, then those at once (RM-40 to RM-43). Decisions only. */
import { parseIp, printIp4, printIp6 } from '../core/ip.js';
import type { NetworkLimits } from '../core/limits-contract.js';
import { TokenBuckets } from './token-buckets.js';

export type NetworkNumbers = { readonly [K in keyof NetworkLimits]-?: number };
export interface AddressNumbers {
  readonly ip4: NetworkNumbers;
  readonly ip6Subscriber: NetworkNumbers;
  readonly ip6Site: NetworkNumbers;
  readonly exemptLoopback: boolean;
}
export interface AddressRefusal {
  readonly scope: string;
  readonly limit: keyof NetworkLimits;
  readonly value: number;
}
interface Network {
  readonly name: string;
  readonly numbers: NetworkNumbers;
}
/** The networks that a connection is counted in. */
export type Admitted = readonly OwnNetwork[];
/** Free of limits, or no address at all: most of those in a test, and all behind a relay. */
const NONE: readonly never[] = [];

/** A network whose connections are counted for itself. */
export interface OwnNetwork {
  readonly name: string;
  readonly connections: number;
}

/** Of one network, that need no proof. @source RM-50 */
const CLAIMS_PER_SECOND = 0.1;

export class AddressGate {
  private readonly rates = new TokenBuckets();
  private readonly counts = new Map<string, number>();
  private readonly unproven = new TokenBuckets();

  constructor(private readonly numbers: AddressNumbers) {}

  /** Networks that have a connection. */
  get size(): number {
    return this.counts.size;
  }

  /**
   * Counts one more connection with `host`, in either direction (RM-40), and returns what `leave` takes off again; or why
   * there may be none. No host, no count: addresses without an IP share nothing (ODD-22). A network that has a number of its
   * own has that instead of all others (RM-41).
   */
  admit(host: string | undefined, now: number, own?: OwnNetwork): Admitted | AddressRefusal {
    const networks = networksOf(host, this.numbers);
    const counted =
      own === undefined
        ? networks.length === 0
          ? NONE
          : networks.map(({ name, numbers }) => ({ name, connections: numbers.connections }))
        : [{ name: `ip:${own.name}`, connections: own.connections }];
    // The most specific first: where it refuses, the wider ones lose no token (RM-42).
    for (const { name, numbers } of networks)
      if (!this.rates.take(name, numbers.perSecond, numbers.burst, now))
        return { scope: name, limit: 'perSecond', value: numbers.perSecond };
    for (const { name, connections } of counted)
      if ((this.counts.get(name) ?? 0) >= connections)
        return { scope: name, limit: 'connections', value: connections };
    for (const { name } of counted) this.count(name, 1);
    return counted;
  }

  /** Takes off again what `admit` counted. */
  leave(networks: Admitted): void {
    for (const { name } of networks) this.count(name, -1);
  }

  /** Counts one more claim to come from `host`; what is no IP address has to prove itself each time. @source RM-50 */
  mustVerify(host: string | undefined, now: number): boolean {
    if (host === undefined || parseIp(host) === undefined) return true;
    return networksOf(host, this.numbers).some(
      ({ name, numbers }) => !this.unproven.take(name, CLAIMS_PER_SECOND, numbers.connections / 2, now),
    );
  }

  private count(name: string, by: 1 | -1): void {
    const count = (this.counts.get(name) ?? 0) + by;
    if (count === 0) this.counts.delete(name);
    else this.counts.set(name, count);
  }
}

/** IPv4 /32, or IPv6 /56 and /48; IPv4 in IPv6 clothes is IPv4. */
function networksOf(host: string | undefined, numbers: AddressNumbers): readonly Network[] {
  const ip = host === undefined ? undefined : parseIp(host);
  if (ip === undefined || (numbers.exemptLoopback && isLoopback(ip))) return NONE;
  return ip.byteLength === 4
    ? [{ name: `ip:${printIp4(ip)}/32`, numbers: numbers.ip4 }]
    : [
        { name: `ip:${prefix(ip, 7)}/56`, numbers: numbers.ip6Subscriber },
        { name: `ip:${prefix(ip, 6)}/48`, numbers: numbers.ip6Site },
      ];
}

function isLoopback(ip: Uint8Array): boolean {
  return ip.byteLength === 4 ? ip[0] === 127 : printIp6(ip) === '::1';
}

function prefix(ip: Uint8Array, byteLength: number): string {
  const network = new Uint8Array(16);
  network.set(ip.subarray(0, byteLength));
  return printIp6(network);
}
