/** What this host tells of itself, up to date whenever it is asked for. @source go-libp2p identify (ID-7), host addresses (ADDR-6, ADDR-7) */
import { filter, map, merge, type Observable, type Subscription } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bytes } from '../core/duplex.js';
import { splitPeer } from '../core/multiaddr.js';
import { ADDR_TTL } from '../core/peer-store-contract.js';
import { readPeerRecord, RecordSequence, sealPeerRecord } from '../core/peer-record.js';
import { recordBudget, trimAddrs } from '../protocols/identify/addr-score.js';
import { PEER_PUSHES } from '../protocols/identify/push-limits.js';
import { snapshotOf, type Snapshot } from '../protocols/identify/snapshot.js';
import { coalesce } from '../rx/coalesce.js';
import type { ServiceDeps } from './deps.js';

/** How long changes must have been over before others are told, and how long they may go on at most, ms. */
const QUIET_MS = 100;
const AT_MOST_MS = 1000;
/** Less than what others take of one peer: what they refuse would be lost to them, and be it the last. @source ID-10 */
const RATE = { ...PEER_PUSHES, burst: PEER_PUSHES.burst - 2 };

export class OwnIdentity {
  /** Emits when others should be told, once the changes have settled. */
  readonly change$: Observable<Snapshot>;
  private snapshot: Snapshot | undefined;
  private isStale = true;
  private readonly sequence: RecordSequence;
  private readonly changed$: Observable<unknown>;
  private addrs: readonly Multiaddr[] = [];
  private record: Bytes | undefined;

  constructor(private readonly deps: ServiceDeps) {
    this.sequence = new RecordSequence(deps.wallClock);
    this.changed$ = merge(deps.router.change$, deps.addrs.addrs$);
    this.change$ = this.changed$.pipe(
      // Who connects later asks, and hears the newest.
      filter(() => deps.registry.connections.length > 0),
      coalesce({ quietMs: QUIET_MS, atMostMs: AT_MOST_MS, rate: RATE }, deps.scheduler),
      map(() => this.current),
    );
  }

  /** Notes changes until unsubscribed. */
  follow(): Subscription {
    return this.changed$.subscribe({
      next: () => {
        this.isStale = true;
      },
      error: this.deps.report,
    });
  }

  get current(): Snapshot {
    if (this.snapshot !== undefined && !this.isStale) return this.snapshot;
    this.isStale = false;
    const { privateKey, protocolVersion, userAgent, router } = this.deps;
    this.followAddrs();
    this.snapshot = snapshotOf(
      {
        publicKey: privateKey.publicKey.bytes,
        protocolVersion,
        agentVersion: userAgent,
        protocols: router.protocols,
        addrs: this.addrs,
        record: this.record,
      },
      this.snapshot,
    );
    return this.snapshot;
  }

  /** A record is signed anew when the addresses have changed, and not before there were any. */
  private followAddrs(): void {
    const addrs = this.deps.addrs.get().flatMap((addr) => splitPeer(addr).transport ?? []);
    if (addrs.join('\n') === this.addrs.join('\n')) return;
    const { log, privateKey } = this.deps;
    const before = this.addrs;
    this.addrs = addrs;
    const inRecord = trimAddrs(addrs, recordBudget(privateKey.bytes.byteLength));
    this.record = sealPeerRecord({ seq: this.sequence.next(), addrs: inRecord }, privateKey);
    try {
      this.store(before, this.record);
    } catch (error) {
      log.fail({ type: 'warning' }, error);
    }
  }

  private store(before: readonly Multiaddr[], record: Bytes): void {
    const { peerStore, self } = this.deps;
    const { addrs } = this;
    peerStore.setAddrs?.(
      self,
      before.filter((addr) => !addrs.some((other) => other.equals(addr))),
      0,
    );
    peerStore.addAddrs(self, addrs, ADDR_TTL.permanent);
    // Nobody need verify what was signed a moment ago.
    if (peerStore.consumeOpened === undefined) peerStore.consumeRecord(record, ADDR_TTL.permanent);
    else peerStore.consumeOpened(record, readPeerRecord(record), ADDR_TTL.permanent);
  }
}
