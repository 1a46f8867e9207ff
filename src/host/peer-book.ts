/**
 * What the host tells its peerstore, and asks of it: addresses that are dialed, connections that open and close.
 * A store of somebody else need not have more than the public face.
 */
import {
  catchError,
  defer,
  EMPTY,
  from,
  ignoreElements,
  Subscription,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { codeOf, LimitError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { ADDR_TTL, type HostPeerStore, type PeerStore } from '../core/peer-store-contract.js';
import type { HostConnection } from '../connection/connection.js';
import { withLimits } from '../rx/call-limits.js';
import type { EventLog } from '../swarm/event-log.js';
import { forgetGone } from '../swarm/forget-gone.js';
import type { ConnectionRegistry } from '../swarm/registry.js';

/** Addresses that are kept of a peer when its last connection has closed. @source ID-17 */
const MAX_KEPT = 20;
/** How long a host that starts waits for what is stored. @source reliability checklist, F4 */
const READY_MS = 1_000;
/** How long the host's stop waits for the store; ours answers sooner. @source reliability promises, P23 */
const CLOSE_MS = 3_000;

export type AnyPeerStore = PeerStore & Partial<HostPeerStore>;
export interface PeerBookDeps {
  readonly store: AnyPeerStore;
  readonly scheduler: SchedulerLike;
  readonly wallClock: () => number;
  readonly log: EventLog;
}

export class PeerBook {
  private readonly working = new Subscription();

  constructor(private readonly deps: PeerBookDeps) {}

  get store(): AnyPeerStore {
    return this.deps.store;
  }

  /** Gives the store its clocks; completes when what was stored is there, or has taken too long. Never errors. */
  open(): Observable<never> {
    const { store, scheduler, wallClock, log } = this.deps;
    // First, since reading may fail at once.
    this.working.add(
      store.warning$?.subscribe({
        next: (error) => {
          log.fail({ type: 'warning' }, error);
        },
        error: (error: unknown) => {
          log.unhandled(error);
        },
      }),
    );
    this.guarded(() => store.attach?.({ now: () => scheduler.now(), wallClock, scheduler }));
    return this.limited(() => store.ready(), READY_MS, 'reading the peerstore');
  }

  /** Follows connections: the address of one that we opened is known as long as it lasts, and a while longer (PS-3, PS-5). */
  follow(registry: ConnectionRegistry): void {
    const report = (error: unknown): void => {
      this.deps.log.unhandled(error);
    };
    this.working.add(
      registry.opened$.subscribe({
        next: (connection) => {
          this.opened(connection);
        },
        error: report,
      }),
    );
    this.working.add(
      registry.closed$.subscribe({
        next: (connection) => {
          if (registry.ofPeer(connection.remotePeer).length === 0) this.lastClosed(connection);
        },
        error: report,
      }),
    );
  }

  /** What was learned of peers by talking to them goes a minute after they do, while subscribed. */
  forgetGone(registry: ConnectionRegistry): Observable<never> {
    const { scheduler, store } = this.deps;
    const { opened$, closed$ } = registry;
    return forgetGone({
      scheduler,
      opened$,
      closed$,
      isConnected: (peer) => registry.ofPeer(peer).length > 0,
      forget: (peer) => this.guarded(() => store.forget?.(peer)),
    });
  }

  /** Where this peer may be: what is known and has not expired. @source RES-1 */
  addrsOf(peer: PeerId): readonly Multiaddr[] {
    return this.guarded(() => this.deps.store.get(peer)?.addrs.map(({ addr }) => addr)) ?? [];
  }

  /** Addresses that a caller gave, or that a dial is about to try. @source HOST-30, FILT-8 */
  hint(peer: PeerId, addrs: readonly Multiaddr[]): void {
    if (addrs.length === 0) return;
    this.guarded(() => {
      this.deps.store.addAddrs(peer, addrs, ADDR_TTL.temporary);
    });
  }

  /** What a peer is worth to the host, as the connection manager has it. */
  tagged(peer: string, name: string, value: number | undefined): void {
    this.guarded(() => this.deps.store.setTag?.(peer, name, value));
  }

  /** Writes what is not yet written, and lets go of the store. Never errors; completes in time whatever the store does. */
  close(): Observable<never> {
    return this.limited(() => this.deps.store.close(), CLOSE_MS, 'closing the peerstore');
  }

  private limited(ask: () => Promise<void>, timeoutMs: number, stage: string): Observable<never> {
    const { log, scheduler } = this.deps;
    const asked$ = defer(() => from(ask())).pipe(ignoreElements());
    return withLimits(asked$, { timeoutMs }, stage, scheduler).pipe(
      catchError((error: unknown) => {
        // What ours failed with it has told itself.
        if (codeOf(error) !== 'ERR_STORE') log.fail({ type: 'warning' }, error);
        return EMPTY;
      }),
    );
  }

  /** An inbound connection comes from a port that was made for it, where nobody listens. */
  private opened({ direction, remotePeer, remoteAddr }: HostConnection): void {
    if (direction === 'inbound') return;
    this.guarded(() => {
      this.deps.store.addAddrs(remotePeer, [remoteAddr], ADDR_TTL.connected);
    });
  }

  /** Of what was known through the connection some stays for a while, its own address first. @source ID-17 */
  private lastClosed({ remotePeer, remoteAddr, direction }: HostConnection): void {
    const { store } = this.deps;
    const { connected, temporary, recentlyConnected } = ADDR_TTL;
    this.guarded(() => {
      const own = direction === 'outbound' ? [remoteAddr] : [];
      const known = this.addrsOf(remotePeer);
      const others = known.filter((addr) => !own.some((address) => address.equals(addr)));
      store.updateTtl?.(remotePeer, connected, temporary);
      store.addAddrs(remotePeer, [...own, ...others].slice(0, MAX_KEPT), recentlyConnected);
      store.updateTtl?.(remotePeer, temporary, 0);
    });
  }

  /** A store that throws costs nobody a dial or a connection (F3). */
  private guarded<T>(act: () => T): T | undefined {
    const { log } = this.deps;
    try {
      return act();
    } catch (error) {
      if (error instanceof LimitError) {
        const { scope, limit, value } = error;
        log.fail({ type: 'limit:refuse', scope, limit, value }, error);
      } else log.fail({ type: 'warning' }, error);
      return undefined;
    }
  }
}
