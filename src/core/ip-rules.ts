/** IP addresses and subnets under which something is filed: the longest that fits answers. Bytes, never text. */
import { toHex } from './bytes.js';
import { isMapped, parseIp4, parseIp6, printIp4, printIp6 } from './ip.js';

/** Network byte order, 4 or 16 bytes, of which the first `bits` count; the others are 0. */
export interface Subnet {
  readonly network: Uint8Array;
  readonly bits: number;
}

/** An address, or a subnet as `10.0.0.0/8`; IPv4 in IPv6 clothes is IPv4. `undefined`: neither. Leading zeros of IPv4 are neither: some read them as octal. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', length, ...more] = text.split('/');
  const bytes = parseIp4(address) ?? parseIp6(address);
  if (bytes === undefined || more.length > 0) return undefined;
  const all = bytes.byteLength * 8;
  const bits = length === undefined ? all : prefixLength(length);
  if (bits === undefined || bits > all) return undefined;
  return isMapped(bytes) && bits >= 96 ? subnet(bytes.subarray(12), bits - 96) : subnet(bytes, bits);
}

export function printSubnet({ network, bits }: Subnet): string {
  const address = network.byteLength === 4 ? printIp4(network) : printIp6(network);
  return bits === network.byteLength * 8 ? address : `${address}/${String(bits)}`;
}

/** Whether an address, of 4 or 16 bytes, is in a subnet. */
export function isWithin(address: Uint8Array, { network, bits }: Subnet): boolean {
  const ip = isMapped(address) ? address.subarray(12) : address;
  return ip.byteLength === network.byteLength && toHex(subnet(ip, bits).network) === toHex(network);
}

export class IpRules<V> {
  /** By family and prefix length; there are at most 33 and 129 of them, however many rules. */
  private readonly byLength = new Map<string, Map<string, V>>();

  set(at: Subnet, value: V): void {
    const key = lengthKey(at.network, at.bits);
    const rules = this.byLength.get(key) ?? new Map<string, V>();
    this.byLength.set(key, rules.set(toHex(at.network), value));
  }

  delete(at: Subnet): void {
    const key = lengthKey(at.network, at.bits);
    const rules = this.byLength.get(key);
    rules?.delete(toHex(at.network));
    if (rules?.size === 0) this.byLength.delete(key);
  }

  /** Of the longest prefix that `address` has. */
  find(address: Uint8Array): V | undefined {
    const ip = isMapped(address) ? address.subarray(12) : address;
    for (let bits = ip.byteLength * 8; bits >= 0; bits -= 1) {
      const rules = this.byLength.get(lengthKey(ip, bits));
      const found = rules?.get(toHex(subnet(ip, bits).network));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function prefixLength(text: string): number | undefined {
  return /^(0|[1-9]\d{0,2})$/.test(text) ? Number(text) : undefined;
}

function lengthKey({ byteLength }: Uint8Array, bits: number): string {
  return `${String(byteLength)}/${String(bits)}`;
}

function subnet(bytes: Uint8Array, bits: number): Subnet {
  const network = bytes.map((byte, at) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - at * 8))));
  return { network, bits };
}
