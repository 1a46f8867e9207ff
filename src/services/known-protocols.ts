/** Which protocols peers support, as the peerstore has it, ready for a question with every stream that is opened. */
import { Subscription } from 'rxjs';
import type { ServicePeerStore } from './deps.js';

/** Protocols of one peer that are added because they were agreed on; more are simply asked for again. @source reliability limits, counts */
const MAX_PROTOCOLS = 256;

export class KnownProtocols {
  /** One for each peer that streams were opened to since its record changed; connected ones only. */
  private readonly sets = new Map<string, ReadonlySet<string>>();

  constructor(private readonly store: ServicePeerStore) {}

  /** Follows the store until unsubscribed. */
  follow(): Subscription {
    return this.store.change$.subscribe({
      next: ({ peer }) => {
        this.forget(peer);
      },
      error: () => undefined,
    });
  }

  supports(peer: string, protocol: string): boolean {
    return this.of(peer).has(protocol);
  }

  /** @source HOST-26 */
  add(peer: string, protocol: string): void {
    const known = this.of(peer);
    if (known.has(protocol) || known.size >= MAX_PROTOCOLS) return;
    this.store.setProtocols(peer, [...known, protocol]);
    this.forget(peer);
  }

  forget(peer: string): void {
    this.sets.delete(peer);
  }

  private of(peer: string): ReadonlySet<string> {
    const known = this.sets.get(peer);
    if (known !== undefined) return known;
    const read = new Set(this.store.get(peer)?.protocols ?? []);
    this.sets.set(peer, read);
    return read;
  }
}
