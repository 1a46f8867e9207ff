/** Until the peerstore is merged. */
import { EMPTY, Subject, type Observable } from 'rxjs';
import type { PeerId } from '../core/identity.js';
import { peerIdFrom } from '../core/peer-id.js';
import type { Multiaddr } from '@multiformats/multiaddr';
import { parseMultiaddr } from '../core/multiaddr.js';
import { openPeerRecord } from '../core/peer-record.js';
import type { PeerRecord, PeerStore } from '../core/peer-store-contract.js';
type R = {
  peerId: PeerId;
  addrs: { addr: Multiaddr; certified: boolean; expiresAt: number; ttl: number }[];
  protocols: readonly string[];
  tags: Map<string, number>;
  metadata: Map<string, Uint8Array>;
  rttMs?: number;
};
export class ForgetfulStore implements PeerStore {
  private readonly m = new Map<string, R>();
  readonly change$ = new Subject<{ type: 'update' | 'remove'; peer: string }>();
  get(p: PeerId | string): PeerRecord | undefined {
    return this.m.get(String(p));
  }
  get peers(): PeerId[] {
    return [...this.m.values()].map((r) => r.peerId);
  }
  watch(): Observable<never> {
    return EMPTY;
  }
  private r(p: PeerId | string): R {
    const k = String(p);
    let r = this.m.get(k);
    if (!r) {
      r = {
        peerId: typeof p === 'string' ? peerIdFrom(p) : p,
        addrs: [],
        protocols: [],
        tags: new Map(),
        metadata: new Map(),
      };
      this.m.set(k, r);
    }
    return r;
  }
  private t(p: PeerId | string): void {
    this.change$.next({ type: 'update', peer: String(p) });
  }
  addAddrs(p: PeerId | string, addrs: readonly (Multiaddr | string)[], ttl: number, certified = false): void {
    const r = this.r(p);
    for (const x of addrs) {
      const addr = parseMultiaddr(x);
      const k = r.addrs.find((o) => o.addr.equals(addr));
      if (k) {
        k.ttl = Math.max(k.ttl, ttl);
        k.expiresAt = Infinity;
        k.certified ||= certified;
      } else r.addrs.push({ addr, certified, expiresAt: Infinity, ttl });
    }
    this.t(p);
  }
  clearAddrs(p: PeerId | string): void {
    this.r(p).addrs = [];
  }
  consumeRecord(e: Uint8Array, ttl: number): boolean {
    const rec = openPeerRecord(e);
    for (const a of this.r(rec.peerId).addrs) a.certified = false;
    this.addAddrs(rec.peerId, rec.addrs, ttl, true);
    return true;
  }
  setProtocols(p: PeerId | string, protocols: readonly string[]): void {
    this.r(p).protocols = protocols;
    this.t(p);
  }
  setMetadata(p: PeerId | string, k: string, v: Uint8Array | undefined): void {
    if (v) this.r(p).metadata.set(k, v);
    this.t(p);
  }
  remove(p: PeerId | string): void {
    this.m.delete(String(p));
  }
  updateTtl(p: PeerId | string, from: number, to: number): void {
    const r = this.m.get(String(p));
    if (!r) return;
    for (const a of [...r.addrs])
      if (a.ttl === from) {
        a.ttl = to;
        a.expiresAt = to < 1e300 ? to : Infinity;
        if (to === 0) r.addrs.splice(r.addrs.indexOf(a), 1);
      }
    this.t(p);
  }
  setAddrs(p: PeerId | string, addrs: readonly (Multiaddr | string)[], ttl: number): void {
    const r = this.r(p);
    if (ttl === 0) r.addrs = r.addrs.filter((a) => !addrs.some((x) => a.addr.equals(parseMultiaddr(x))));
    this.t(p);
  }
  recordRtt(p: PeerId | string, ms: number): void {
    this.r(p).rttMs = ms;
  }
  async ready(): Promise<void> {
    await Promise.resolve();
  }
  async flush(): Promise<void> {
    await Promise.resolve();
  }
  async close(): Promise<void> {
    await Promise.resolve();
  }
}
