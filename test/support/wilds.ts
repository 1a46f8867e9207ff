/** Hosts in virtual time whose addresses lead where a test says: to a host, late, through a relay, or nowhere. */
import { defer, lastValueFrom, map, mergeMap, NEVER, throwError, timer, type Observable } from 'rxjs';
import { Libp2pError } from '../../src/core/errors.js';
import { parseMultiaddr, splitPeer } from '../../src/core/multiaddr.js';
import type { RawConnection, TransportPart } from '../../src/core/parts.js';
import type { DialEvent, Host, HostEvent, HostOptions, NoServices } from '../../src/index.js';
import { createMemoryNetwork, memory } from '../../src/memory.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

/** What becomes of a dial, ms after its start. `refuses` and `leadsTo` are the socket's; handshakes come on top. */
export type Fate =
  | {
      readonly leadsTo: Host;
      readonly afterMs?: number;
      readonly relayed?: RawConnection['relayed'];
    }
  | { readonly refusesAfterMs: number }
  | 'hangs';

export interface Wilds {
  readonly net: SimulatedNetwork;
  /** Every address that a transport was asked to dial, in order. */
  readonly dialed: string[];
  createHost(options?: HostOptions<NoServices>): Promise<Host>;
  /** From now on. What has no fate is a place in memory. */
  set(fates: Readonly<Record<string, Fate>>): void;
  /** Moves time until `source` ends; gives its last value, or its error. */
  end(source: Observable<unknown>): Promise<unknown>;
}

export function wilds({ seed = 1, latencyMs = 0 } = {}): Wilds {
  const net = simulateNetwork({ seed });
  const network = createMemoryNetwork(() => latencyMs);
  const fates = new Map<string, Fate>();
  const dialed: string[] = [];
  const anywhere: TransportPart = {
    kind: 'transport',
    name: 'anywhere',
    create: (context) => {
      const inner = memory({ network }).create(context);
      return {
        name: 'anywhere',
        canDial: (addr) => fates.has((splitPeer(addr).transport ?? addr).toString()) || inner.canDial(addr),
        canListen: (addr) => inner.canListen(addr),
        listen: (addr) => inner.listen(addr),
        dial: (addr) =>
          defer(() => {
            dialed.push(addr.toString());
            const fate = fates.get(addr.toString());
            if (fate === undefined) return inner.dial(addr);
            if (fate === 'hangs') return NEVER;
            if ('refusesAfterMs' in fate)
              return timer(fate.refusesAfterMs, context.scheduler).pipe(
                mergeMap(() =>
                  throwError(() => new Libp2pError('ERR_TRANSPORT', 'network', 'connection refused')),
                ),
              );
            const { leadsTo, afterMs = 0, relayed } = fate;
            const place = splitPeer(leadsTo.addrs[0]!).transport!;
            return timer(afterMs, context.scheduler).pipe(
              mergeMap(() => inner.dial(place)),
              map((raw) => ({ ...raw, remoteAddr: addr, relayed })),
            );
          }),
      };
    },
  };
  return {
    net,
    dialed,
    createHost: (options = {}) =>
      net.createHost({ transports: [anywhere], listen: ['/memory/0'], ...options }),
    set: (more) => {
      for (const [addr, fate] of Object.entries(more)) fates.set(parseMultiaddr(addr).toString(), fate);
    },
    end: (source) => net.runUntil(lastValueFrom(source).catch((error: unknown) => error)),
  };
}

/** The address with the peer at its end. */
export function at(addr: string, { peerId }: Pick<Host, 'peerId'>): string {
  return `${addr}/p2p/${peerId.toString()}`;
}

/** Everything that comes, as it comes. */
export function collect<T>(source: Observable<T>): {
  readonly values: T[];
  readonly ends: unknown[];
  stop(): void;
} {
  const values: T[] = [];
  const ends: unknown[] = [];
  const subscription = source.subscribe({
    next: (value) => values.push(value),
    error: (error: unknown) => ends.push(error),
    complete: () => ends.push('complete'),
  });
  return {
    values,
    ends,
    stop: () => {
      subscription.unsubscribe();
    },
  };
}

export function isDialEvent(event: HostEvent): event is DialEvent {
  return event.type.startsWith('dial:');
}

/** A dial's events as lines: when, what, where, and how. */
export function told(events: readonly HostEvent[]): string[] {
  return events.filter(isDialEvent).map((event) => {
    const { at: ms, type } = event;
    const parts: unknown[] = [ms, type.replace('dial:', '')];
    if ('addr' in event) parts.push(event.addr);
    if ('delayMs' in event) parts.push(event.delayMs);
    if ('stage' in event) parts.push(event.stage);
    if ('outcome' in event) parts.push(event.outcome);
    if ('answers' in event) parts.push(...event.answers);
    if ('code' in event && event.code !== undefined) parts.push(event.code);
    return parts.join(' ');
  });
}
