/** When each address is dialed: lists in, lists out, whatever the order they come in. @source go-libp2p swarm, RANK-1 to RANK-14 */
import type { Multiaddr } from '@multiformats/multiaddr';
import { isPrivate, isRelay } from '../core/address-class.js';
import type { PlannedDial } from '../core/dial-contract.js';
import { componentsOf, protocolNames } from '../core/multiaddr.js';
import type { AddrComponent } from '../core/multiaddr-codec.js';

/** @source go-libp2p swarm, RANK-2: ms between QUIC or TCP addresses, ms before any other, and what relays wait more. */
const PUBLIC_MS = 250;
const PRIVATE_MS = 30;
const RELAY_MS = 500;
const PUBLIC_OTHER_MS = 1_000;
const PRIVATE_OTHER_MS = 100;

/** The waits between addresses. */
export interface HappyEyeballsOptions {
  /** Between the QUIC or TCP addresses of the internet, also those of relays; 250 ms. */
  readonly publicMs?: number | undefined;
  /** Between the QUIC or TCP addresses of private networks and of this machine; 30 ms. */
  readonly privateMs?: number | undefined;
}
/** How long relays wait. */
export interface DelayRelaysOptions {
  /** How much later than without this; 500 ms. */
  readonly byMs?: number | undefined;
}

type Group = 'private' | 'public' | 'relay' | 'rest';
interface Waits {
  readonly stepMs: number;
  readonly otherMs: number;
}
interface Candidate {
  readonly dial: PlannedDial;
  readonly kind: 'quic' | 'tcp' | 'other';
  readonly overIp4: boolean;
  readonly overIp6: boolean;
  readonly score: number;
}

/**
 * Private addresses, public ones and relays race separately, each from 0: QUIC, then TCP, then the rest; IPv6 first, the
 * best IPv4 address right behind it, the others together. Addresses without an IP wait a second more than all that.
 * Replaces the delays that are there; keeps every dial, in the order of the groups.
 */
export function rankHappyEyeballs(
  dials: readonly PlannedDial[],
  { publicMs = PUBLIC_MS, privateMs = PRIVATE_MS }: HappyEyeballsOptions = {},
): readonly PlannedDial[] {
  const groups: Record<Group, Candidate[]> = { private: [], public: [], relay: [], rest: [] };
  for (const dial of dials) groups[groupOf(dial.addr)].push(candidate(dial));
  const inPublic = { stepMs: publicMs, otherMs: PUBLIC_OTHER_MS };
  const ranked = [
    ...race(groups.private, { stepMs: privateMs, otherMs: PRIVATE_OTHER_MS }),
    ...race(groups.public, inPublic),
    ...race(groups.relay, inPublic),
  ];
  // After the last one, which need not be the latest. @source go-libp2p swarm, RANK-6
  const restMs = (ranked.at(-1)?.delayMs ?? 0) + PUBLIC_OTHER_MS;
  return [...ranked, ...groups.rest.sort(byScore).map(startingAt(restMs))];
}

/**
 * Where there is a public address, relays start later, and so do addresses without an IP, which come after relays.
 * Keeps every dial and the order.
 */
export function rankRelays(
  dials: readonly PlannedDial[],
  { byMs = RELAY_MS }: DelayRelaysOptions = {},
): readonly PlannedDial[] {
  const groups = dials.map(({ addr }) => groupOf(addr));
  // With private addresses only, relays are not delayed. @source go-libp2p swarm, RANK-4
  if (!groups.includes('public') || !groups.includes('relay')) return dials;
  return dials.map((dial, at) =>
    groups[at] === 'relay' || groups[at] === 'rest' ? { ...dial, delayMs: dial.delayMs + byMs } : dial,
  );
}

/** The same order within one group of all addresses, and all at once. @source go-libp2p swarm, RANK-1 */
export function rankNoDelay(dials: readonly PlannedDial[]): readonly PlannedDial[] {
  return race(dials.map(candidate), { stepMs: 0, otherMs: 0 });
}

/** "Public" is what has an IP and is nothing else, routable or not. @source go-libp2p swarm, RANK-3 */
function groupOf(addr: Multiaddr): Group {
  if (isRelay(addr)) return 'relay';
  if (isPrivate(addr)) return 'private';
  return protocolNames(addr).some((name) => name === 'ip4' || name === 'ip6') ? 'public' : 'rest';
}

/** @source go-libp2p swarm, RANK-10 to RANK-12 */
function race(members: readonly Candidate[], { stepMs, otherMs }: Waits): PlannedDial[] {
  const sorted = [...members].sort(byScore);
  const of = (kind: Candidate['kind']): Candidate[] => sorted.filter((member) => member.kind === kind);
  const quic = staggered(of('quic'), 0, stepMs);
  const quicEndMs = quic.at(-1)?.delayMs;
  const tcp = staggered(of('tcp'), quicEndMs === undefined ? 0 : quicEndMs + stepMs, stepMs);
  const endMs = tcp.at(-1)?.delayMs ?? quicEndMs ?? 0;
  return [...quic, ...tcp, ...of('other').map(startingAt(endMs + otherMs))];
}

/** The second waits one step; the others wait with it, or one step more where the first two are an IPv6 and IPv4 pair. */
function staggered(sorted: readonly Candidate[], fromMs: number, stepMs: number): PlannedDial[] {
  const rival = sorted[0]?.overIp6 === true ? sorted.find(({ overIp4 }) => overIp4) : undefined;
  const order =
    rival === undefined
      ? sorted
      : [...sorted.slice(0, 1), rival, ...sorted.slice(1).filter((c) => c !== rival)];
  const lastStep = rival === undefined ? 1 : 2;
  return order.map(({ dial }, at) => ({ ...dial, delayMs: fromMs + Math.min(at, lastStep) * stepMs }));
}

function startingAt(delayMs: number): (member: Candidate) => PlannedDial {
  return ({ dial }) => ({ ...dial, delayMs });
}

function candidate(dial: PlannedDial): Candidate {
  const components = toFirstHop(dial.addr);
  const names = new Set(components.map(({ name }) => name));
  const kind = names.has('quic') || names.has('quic-v1') ? 'quic' : names.has('tcp') ? 'tcp' : 'other';
  return {
    dial,
    kind,
    overIp4: names.has('ip4'),
    overIp6: names.has('ip6'),
    score: scoreOf(names, components),
  };
}

/** A relay is ranked by the way to it. @source go-libp2p swarm, RANK-14 */
function toFirstHop(addr: Multiaddr): readonly AddrComponent[] {
  const components = componentsOf(addr);
  const circuit = components.findIndex(({ name }) => name === 'p2p-circuit');
  return circuit === -1 ? components : components.slice(0, circuit);
}

/** @source go-libp2p swarm, RANK-7 */
function scoreOf(names: ReadonlySet<string>, components: readonly AddrComponent[]): number {
  const port = (protocol: string): number =>
    Number(components.find(({ name }) => name === protocol)?.value ?? 0);
  const family = names.has('ip4') ? 2 ** 18 : 0;
  if (names.has('webtransport')) return 2 ** 19 + family + port('udp');
  if (names.has('quic')) return 2 ** 17 + family + port('udp');
  if (names.has('quic-v1')) return family + port('udp');
  if (names.has('tcp')) return 2 ** 20 + family + port('tcp');
  return names.has('webrtc-direct') ? 2 ** 21 : 2 ** 30;
}

/** Equal scores by bytes, as the list that go ranks is sorted. @source go-libp2p swarm, FILT-1 */
function byScore(a: Candidate, b: Candidate): number {
  return a.score - b.score || byBytes(a.dial.addr.bytes, b.dial.addr.bytes);
}

function byBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? a.byteLength - b.byteLength : (a[at] ?? 0) - (b[at] ?? -1);
}
