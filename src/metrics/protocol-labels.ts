/** Which protocols have a name of their own in metrics: those that this host handles or opens, and not many. @source swarm sheet, MET-1, MET-32 */

/** Names that a host opens streams of; who makes them up one by one gets `other`. */
const MAX_OPENED = 64;

export class ProtocolLabels {
  private readonly handled = new Set<string>();
  private readonly opened = new Set<string>();

  changed(added: readonly string[], removed: readonly string[]): void {
    for (const protocol of added) this.handled.add(protocol);
    for (const protocol of removed) this.handled.delete(protocol);
  }

  /** What a remote asks of a matcher is its own choice, and no label. */
  of(protocol: string, dir: 'inbound' | 'outbound'): string {
    if (this.handled.has(protocol)) return protocol;
    if (dir === 'inbound') return 'other';
    if (this.opened.size < MAX_OPENED) this.opened.add(protocol);
    return this.opened.has(protocol) ? protocol : 'other';
  }
}
