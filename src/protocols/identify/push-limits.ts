/** How often a peer may push, and how often those of one network may. Pure: time is an argument. @source go-libp2p identify (ID-10); reliability limits, counts */
import type { Multiaddr } from '@multiformats/multiaddr';
import { isLoopback } from '../../core/address-class.js';
import { toHex } from '../../core/bytes.js';
import { LimitError } from '../../core/errors.js';
import { isMapped, parseIp4, parseIp6 } from '../../core/ip.js';
import { componentsOf } from '../../core/multiaddr.js';
import { TokenBucket, type Rate } from '../../core/token-bucket.js';

const ALL: Rate = { perSecond: 2000, burst: 3000 };
export const PEER_PUSHES: Rate = { perSecond: 0.2, burst: 10 };
const NETWORK: Rate = { perSecond: 0.2, burst: 10 };
const WIDE_NETWORK: Rate = { perSecond: 0.5, burst: 20 };
/** A bucket that has been left alone so long is full again, and forgotten. */
const FULL_AFTER_MS = 60_000;
/** How often that is looked for when there are many. */
const HASTY_MS = 1000;
/** Peers and networks that are remembered; beyond, all pushes but those of known ones wait for others to be forgotten. */
const MAX_BUCKETS = 8192;

interface Share {
  readonly key: string;
  readonly scope?: string;
  readonly name: string;
  readonly rate: Rate;
}

export class PushLimits {
  private readonly buckets = new Map<string, TokenBucket>();
  private sweptAt = -Infinity;

  /** Takes one push of `peer`, which is at `remoteAddr`; what comes back says which limit refuses it. Loopback is free. */
  take(peer: string, remoteAddr: Multiaddr, now: number): LimitError | undefined {
    if (isLoopback(remoteAddr)) return undefined;
    this.sweep(now);
    const shares: readonly Share[] = [
      { key: 'all', scope: 'identify', name: 'identify pushes a second', rate: ALL },
      { key: peer, name: 'identify pushes a second, of a peer', rate: PEER_PUSHES },
      ...networksOf(remoteAddr),
    ];
    const buckets = shares.map((share) => ({
      share,
      bucket: this.buckets.get(share.key) ?? new TokenBucket(share.rate, now),
    }));
    const empty = buckets.find(({ bucket }) => bucket.waitMs(now) > 0);
    if (empty !== undefined) return refusal(empty.share);
    if (this.buckets.size + buckets.length > MAX_BUCKETS)
      return new LimitError('identify', 'peers and networks that push', MAX_BUCKETS);
    for (const { share, bucket } of buckets) {
      bucket.take(now);
      this.buckets.set(share.key, bucket);
    }
    return undefined;
  }

  get size(): number {
    return this.buckets.size;
  }

  private sweep(now: number): void {
    const patience = this.buckets.size < MAX_BUCKETS / 2 ? FULL_AFTER_MS : HASTY_MS;
    if (now - this.sweptAt < patience) return;
    this.sweptAt = now;
    for (const [key, { askedAt }] of this.buckets)
      if (now - askedAt >= FULL_AFTER_MS) this.buckets.delete(key);
  }
}

function refusal({ scope, key, name, rate }: Share): LimitError {
  return new LimitError(scope ?? key, name, rate.perSecond);
}

function networksOf(remoteAddr: Multiaddr): readonly Share[] {
  const components = componentsOf(remoteAddr);
  const { name, value = '' } = (components[0]?.name === 'ip6zone' ? components[1] : components[0]) ?? {};
  if (name === 'ip4') return [share(parseIp4(value), 24, NETWORK)];
  if (name !== 'ip6') return [];
  const ip = parseIp6(value);
  if (ip !== undefined && isMapped(ip)) return [share(ip.subarray(12), 24, NETWORK)];
  return [share(ip, 56, NETWORK), share(ip, 48, WIDE_NETWORK)];
}

function share(ip: Uint8Array | undefined, bits: number, rate: Rate): Share {
  const prefix = toHex((ip ?? new Uint8Array(0)).subarray(0, bits / 8));
  return { key: `${prefix}/${String(bits)}`, name: `identify pushes a second, of a /${String(bits)}`, rate };
}
