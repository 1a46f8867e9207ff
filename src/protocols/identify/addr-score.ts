/** Which of our own addresses go first where not all have room. @source go-libp2p (ADDR-7, ADDR-8, ID-7) */
import type { Multiaddr } from '@multiformats/multiaddr';
import { isLoopback, isPublic } from '../../core/address-class.js';
import { componentsOf } from '../../core/multiaddr.js';

const PUBLIC = 4096;
const NOT_LOOPBACK = 2048;
const WEIGHTS: Readonly<Record<string, number>> = {
  'quic-v1': 5,
  tcp: 4,
  wss: 3,
  webtransport: 2,
  'webrtc-direct': 1,
};

/** The higher, the better. @source ADDR-8 */
export function scoreOf(addr: Multiaddr): number {
  let weight = 0;
  for (const { name } of componentsOf(addr)) {
    if (name === 'p2p') break;
    if (Object.hasOwn(WEIGHTS, name)) weight = WEIGHTS[name] ?? 0;
  }
  const reach = isPublic(addr) ? PUBLIC : isLoopback(addr) ? 0 : NOT_LOOPBACK;
  return reach + 2 ** weight;
}

/**
 * All of them as they are, if `costOf` them together is within `budget`; else the best ones, best first, until one would
 * not fit.
 */
export function trimAddrs(
  addrs: readonly Multiaddr[],
  budget: number,
  costOf: (addr: Multiaddr) => number = ({ bytes }) => bytes.byteLength,
): readonly Multiaddr[] {
  if (addrs.reduce((sum, addr) => sum + costOf(addr), 0) <= budget) return addrs;
  const ranked = addrs
    .map((addr) => ({ addr, score: scoreOf(addr) }))
    .sort((a, b) => b.score - a.score)
    .map(({ addr }) => addr);
  let left = budget;
  const end = ranked.findIndex((addr) => {
    left -= costOf(addr);
    return left < 0;
  });
  return ranked.slice(0, end);
}

/** Room for addresses in a signed record, bytes. @source ADDR-7 */
export function recordBudget(privateKeyBytes: number): number {
  return 8192 - 64 - 2 * privateKeyBytes - 256;
}
