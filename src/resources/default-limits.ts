/**
 * The limits of a host that says nothing, by what the machine has. Numbers are those of the reliability limits where
 * these name one, which then does not grow with memory; else go-libp2p's (RM-20, RM-21, RM-23).
 */
import type { ResourceLimits, ScopeLimits } from '../core/limits-contract.js';
import type { AddressNumbers } from './address-gate.js';
import { Allowlist } from './allowlist.js';
import type { Limits } from './counters.js';
import type { CompleteLimits, KeyedLimits } from './scope-tree.js';

/** What the platform says of itself; what it does not tell counts as little. */
export interface Machine {
  readonly memoryBytes?: number | undefined;
  /** Descriptors that the process may have. */
  readonly descriptors?: number | undefined;
  /** A browser's page: fewer connections, less memory. */
  readonly small?: boolean | undefined;
}
/** What of the machine is given to the host. */
export interface Budget {
  readonly memoryBytes: number;
  readonly descriptors: number;
}
export interface ScaledScope {
  readonly base: ScopeLimits;
  /** Added for every GiB of memory. */
  readonly perGib?: ScopeLimits | undefined;
  /** Of the descriptors that there are; at least the base. */
  readonly descriptorShare?: number | undefined;
}

const MIB = 1024 * 1024;
/** Where there is no more than this, nothing is added (RM-20). */
const SMALL_MEMORY_BYTES = 128 * MIB;
const MAX_MEMORY_BYTES = 1024 * MIB;
const MEMORY_SHARE = 1 / 8;
const DESCRIPTOR_SHARE = 1 / 2;

export const NO_LIMITS: Limits = Object.freeze({
  memoryBytes: Infinity,
  connections: Infinity,
  inboundConnections: Infinity,
  outboundConnections: Infinity,
  streams: Infinity,
  inboundStreams: Infinity,
  outboundStreams: Infinity,
  descriptors: Infinity,
});

/** @source reliability limits: an eighth of the memory, 128 MiB to 1 GiB; half of the descriptors (RM-20) */
export function budgetOf({ memoryBytes = 0, descriptors = 0, small = false }: Machine): Budget {
  const least = small ? SMALL_MEMORY_BYTES / 2 : SMALL_MEMORY_BYTES;
  const share = Math.floor(memoryBytes * MEMORY_SHARE);
  return {
    memoryBytes: Math.min(Math.max(share, least), MAX_MEMORY_BYTES),
    descriptors: Math.floor(descriptors * DESCRIPTOR_SHARE),
  };
}

/** @source RM-20 */
export function scaled({ base, perGib = {}, descriptorShare = 0 }: ScaledScope, budget: Budget): Limits {
  const mebibytes = budget.memoryBytes <= SMALL_MEMORY_BYTES ? 0 : Math.floor(budget.memoryBytes / MIB);
  const limits: Record<string, number> = { ...NO_LIMITS };
  for (const [name, value] of Object.entries(base) as [keyof ScopeLimits, number][])
    limits[name] = value + Math.floor(((perGib[name] ?? 0) * mebibytes) / 1024);
  const share = Math.floor(descriptorShare * budget.descriptors);
  if (base.descriptors !== undefined) limits['descriptors'] = Math.max(share, base.descriptors);
  // Every name of `Limits` was there from the start.
  return limits as unknown as Limits;
}

export function defaultLimits(machine: Machine): CompleteLimits {
  const budget = budgetOf(machine);
  const scale = (scope: ScaledScope): Limits => scaled(scope, budget);
  const keyed = (each: ScaledScope, named: Readonly<Record<string, ScaledScope>> = {}): KeyedLimits => ({
    each: scale(each),
    named: new Map(
      Object.entries(named).map(([name, own]) => [
        name,
        // What an entry does not name, it has from its kind (RM-24).
        scale({ base: { ...each.base, ...own.base }, perGib: { ...each.perGib, ...own.perGib } }),
      ]),
    ),
  });
  return {
    system: scale(system(machine.small === true, budget.memoryBytes)),
    transient: scale(TRANSIENT),
    connection: scale(CONNECTION),
    stream: scale(STREAM),
    peer: keyed(PEER),
    protocol: keyed(PROTOCOL, PROTOCOLS),
    protocolPeer: keyed(PROTOCOL_PEER, PROTOCOL_PEERS),
    service: keyed(SERVICE),
    servicePeer: keyed(SERVICE_PEER),
    addresses: ADDRESSES,
    allowlist: new Allowlist(),
    allowlistedSystem: scale(system(machine.small === true, budget.memoryBytes)),
    allowlistedTransient: scale(TRANSIENT),
  };
}

const streams = (inboundStreams: number, outboundStreams: number, all: number): ScopeLimits => ({
  inboundStreams,
  outboundStreams,
  streams: all,
});
const connections = (inboundConnections: number, outboundConnections: number, all: number): ScopeLimits => ({
  inboundConnections,
  outboundConnections,
  connections: all,
});

/** @source reliability limits: 300 connections, in browsers 100, two thirds of them inbound */
function system(small: boolean, memoryBytes: number): ScaledScope {
  const counts = small ? connections(66, 100, 100) : connections(200, 300, 300);
  const base = { ...counts, ...streams(1024, 2048, 2048), memoryBytes, descriptors: 256 };
  return { base, descriptorShare: 1 };
}

/** Inbound as the reliability limits say; outbound as many as the dialer dials at once (LIM-1): there they wait, here they would fail. */
const TRANSIENT: ScaledScope = {
  base: { ...connections(64, 160, 224), ...streams(128, 256, 256), memoryBytes: 16 * MIB, descriptors: 224 },
  perGib: streams(128, 256, 256),
  descriptorShare: 1 / 4,
};
/** @source reliability limits; streams are the muxer's */
const CONNECTION: ScaledScope = {
  base: { ...connections(1, 1, 1), ...streams(256, 512, 768), memoryBytes: 32 * MIB, descriptors: 1 },
};
const STREAM: ScaledScope = { base: { ...streams(1, 1, 1), memoryBytes: 16 * MIB } };
/** @source reliability limits */
const PEER: ScaledScope = {
  base: { ...connections(4, 4, 4), ...streams(256, 512, 512), memoryBytes: 64 * MIB, descriptors: 4 },
  descriptorShare: 1 / 64,
};
const PROTOCOL: ScaledScope = {
  base: { ...streams(512, 2048, 2048), memoryBytes: 64 * MIB },
  perGib: { memoryBytes: 164 * MIB },
};
/** Memory grows as a service's does: go's four bytes a GiB are a slip of the pen (ODD-7). */
/**
 * Above the reliability limits' 32 and 64: a hundred requests at once to one peer are what applications do, and each that
 * is refused is an error of theirs. The peer's own limit still holds.
 */
const PROTOCOL_PEER: ScaledScope = {
  base: { ...streams(128, 192, 320), memoryBytes: 16 * MIB },
  perGib: { memoryBytes: 4 * MIB },
};
const SERVICE: ScaledScope = {
  base: { ...streams(1024, 4096, 4096), memoryBytes: 64 * MIB },
  perGib: { ...streams(512, 2048, 2048), memoryBytes: 128 * MIB },
};
const SERVICE_PEER: ScaledScope = {
  base: { ...streams(128, 256, 256), memoryBytes: 16 * MIB },
  perGib: { ...streams(4, 8, 8), memoryBytes: 4 * MIB },
};

const IDENTIFY = '/ipfs/id/1.0.0';
const PUSH = '/ipfs/id/push/1.0.0';
const PING = '/ipfs/ping/1.0.0';
const AUTONAT = '/libp2p/autonat/1.0.0';
const DCUTR = '/libp2p/dcutr';
const HOP = '/libp2p/circuit/relay/0.2.0/hop';
const STOP = '/libp2p/circuit/relay/0.2.0/stop';
const growing = (base: ScopeLimits): ScaledScope => ({ base, perGib: base });

/** Counts as in go (RM-23); its small memory limits are for explicit reservations, ours count what the streams hold. */
const PROTOCOLS: Readonly<Record<string, ScaledScope>> = {
  [IDENTIFY]: growing(streams(64, 64, 128)),
  [PUSH]: growing(streams(64, 64, 128)),
  [PING]: growing(streams(64, 64, 64)),
  [AUTONAT]: { base: streams(64, 64, 64), perGib: streams(4, 4, 4) },
  [DCUTR]: { base: streams(32, 32, 64), perGib: streams(8, 8, 16) },
  [HOP]: { base: streams(640, 640, 640) },
  [STOP]: { base: streams(640, 640, 640) },
};
/** @source reliability limits, per peer */
const PROTOCOL_PEERS: Readonly<Record<string, ScaledScope>> = {
  [IDENTIFY]: { base: streams(2, 2, 4) },
  [PUSH]: { base: streams(2, 2, 4) },
  // What goes out is our own doing: as many as go has.
  [PING]: { base: streams(2, 3, 4) },
  [AUTONAT]: { base: streams(2, 2, 4) },
  [DCUTR]: { base: streams(2, 2, 4) },
  [HOP]: { base: streams(64, 64, 128) },
  [STOP]: { base: streams(64, 64, 128) },
};
/** @source RM-41; rates of the reliability limits */
const ADDRESSES: AddressNumbers = {
  ip4: { connections: 8, perSecond: 1, burst: 16 },
  ip6Subscriber: { connections: 8, perSecond: 1, burst: 16 },
  ip6Site: { connections: 64, perSecond: 2, burst: 80 },
  exemptLoopback: true,
};

const NO_RATE = { connections: Infinity, perSecond: Infinity, burst: Infinity };
const named = (names: Readonly<Record<string, unknown>>): Readonly<Record<string, Limits>> =>
  Object.fromEntries(Object.keys(names).map((name) => [name, NO_LIMITS]));

/**
 * Nothing is limited, and nothing is counted. What a connection needs to be safe stays: the muxer's limits, 64 inbound
 * connections that have not proven who they are, deadlines. As a start for limits of your own it is whole:
 * `{ ...unlimited, system: { connections: 1000 } }` limits that and nothing else.
 */
export const unlimited: ResourceLimits = Object.freeze({
  system: NO_LIMITS,
  transient: NO_LIMITS,
  connection: NO_LIMITS,
  stream: NO_LIMITS,
  peer: NO_LIMITS,
  protocol: NO_LIMITS,
  protocols: named(PROTOCOLS),
  protocolPeer: NO_LIMITS,
  protocolPeers: named(PROTOCOL_PEERS),
  service: NO_LIMITS,
  servicePeer: NO_LIMITS,
  addresses: { ip4: NO_RATE, ip6Subscriber: NO_RATE, ip6Site: NO_RATE },
  allowlistedSystem: NO_LIMITS,
  allowlistedTransient: NO_LIMITS,
});
