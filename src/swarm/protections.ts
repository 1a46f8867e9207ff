/** Peers whose connections are not pruned: each while somebody holds it. @source go-libp2p, CM-7 */
import type { Observable, Subscriber } from 'rxjs';
import { asError } from '../core/errors.js';
import { Guarded } from '../rx/guarded.js';

export class Protections {
  /** How many hold a peer, by tag. As many as the application holds. */
  private readonly byPeer = new Map<string, Map<string, number>>();
  private readonly holders = new Set<Subscriber<never>>();
  private stopped = false;

  constructor(private readonly report: (error: unknown) => void) {}

  /** In force while subscribed; the same tag twice ends with the last of the two. Completes when the host stops; errors as `peerOf` throws. */
  hold(peerOf: () => string, tag: string): Observable<never> {
    return new Guarded<never>(this.report, (subscriber) => {
      if (this.stopped) {
        subscriber.complete();
        return undefined;
      }
      let peer: string;
      try {
        peer = peerOf();
      } catch (error) {
        subscriber.error(asError(error));
        return undefined;
      }
      this.count(peer, tag, 1);
      this.holders.add(subscriber);
      return () => {
        this.holders.delete(subscriber);
        this.count(peer, tag, -1);
      };
    });
  }

  /** By this tag; by any, if it is left out. */
  has(peer: string, tag?: string): boolean {
    const tags = this.byPeer.get(peer);
    return tags !== undefined && (tag === undefined || tags.has(tag));
  }

  stop(): void {
    this.stopped = true;
    for (const holder of [...this.holders]) holder.complete();
  }

  private count(peer: string, tag: string, by: 1 | -1): void {
    const tags = this.byPeer.get(peer) ?? new Map<string, number>();
    const held = (tags.get(tag) ?? 0) + by;
    if (held === 0) tags.delete(tag);
    else tags.set(tag, held);
    if (tags.size === 0) this.byPeer.delete(peer);
    else this.byPeer.set(peer, tags);
  }
}
