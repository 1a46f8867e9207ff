/** Tags whose values shrink with time: one timer for all of them, which runs only while there is a value. @source go-libp2p, decaying tags (DEC-1 to DEC-5) */
import type { SchedulerLike, Subscription } from 'rxjs';
import { Libp2pError } from '../core/errors.js';
import { show } from '../core/show.js';
import type { Bump, Decay } from './decay-rules.js';
import type { TaggedConnection, TaggedPeers } from './tagged-peers.js';

/** How often it is looked whether something decays, ms. @source DEC-1 */
const RESOLUTION_MS = 60_000;

export interface DecayingTagOptions {
  /** Unique among the decaying tags of a host. */
  readonly name: string;
  /** Ms; raised to the resolution, one minute. */
  readonly intervalMs: number;
  readonly decay: Decay;
  readonly bump: Bump;
}
/** Its methods throw ERR_INVALID_OPTION once it is closed; closing twice is harmless. */
export interface DecayingTag {
  readonly name: string;
  readonly intervalMs: number;
  bump(peer: string, delta: number): void;
  remove(peer: string): void;
  /** Takes it away from all peers, and frees the name. */
  close(): void;
}
interface Running extends DecayingTagOptions {
  nextAt: number;
}

export class DecayingTags<C extends TaggedConnection> {
  private readonly running = new Map<string, Running>();
  private readonly startedAt: number;
  private timer: Subscription | undefined;
  private ended = false;

  constructor(
    private readonly peers: TaggedPeers<C>,
    private readonly scheduler: SchedulerLike,
    private readonly warn: (error: Error) => void,
  ) {
    this.startedAt = scheduler.now();
  }

  /** Throws ERR_INVALID_OPTION where the name is taken, or the interval is no number. */
  register({ name, intervalMs: wanted, decay, bump }: DecayingTagOptions): DecayingTag {
    if (this.running.has(name)) throw invalid(`decaying tag with name ${name} already exists`);
    if (!(wanted >= 0 && wanted < Infinity))
      throw invalid(`decaying tag ${name}: intervalMs is ${show(wanted)}; it takes a number from 0 on`);
    const intervalMs = Math.max(wanted, RESOLUTION_MS);
    if (intervalMs !== wanted)
      this.warn(
        invalid(
          `decaying tag ${name}: its interval of ${String(wanted)} ms is raised to ${String(intervalMs)} ms`,
        ),
      );
    const nextAt = this.lastTickAt() + intervalMs;
    const rule: Running = { name, intervalMs, decay, bump, nextAt };
    this.running.set(name, rule);
    // It may be due before the others.
    if (this.timer !== undefined) this.arm();
    return {
      name,
      intervalMs,
      bump: (peer, delta) => {
        this.bump(rule, peer, delta);
      },
      remove: (peer) => {
        this.assertOpen(rule, 'removals');
        this.peers.setDecaying(peer, name, undefined, this.scheduler.now());
        this.rest();
      },
      close: () => {
        this.close(rule);
      },
    };
  }

  /** Where nothing decays, nothing is waited for. */
  rest(): void {
    if (this.peers.decays) return;
    this.timer?.unsubscribe();
    this.timer = undefined;
  }

  /** Nothing decays any more, and bumps do nothing. */
  end(): void {
    this.ended = true;
    this.timer?.unsubscribe();
  }

  private bump(rule: Running, peer: string, delta: number): void {
    this.assertOpen(rule, 'bumps');
    if (this.ended) return;
    const now = this.scheduler.now();
    const value = rule.bump(this.peers.decayingValue(peer, rule.name)?.value ?? 0, delta);
    this.peers.setDecaying(peer, rule.name, { value, bumpedAt: now }, now);
    if (this.timer === undefined) this.arm();
  }

  private close(rule: Running): void {
    if (this.running.get(rule.name) !== rule) return;
    this.running.delete(rule.name);
    const now = this.scheduler.now();
    for (const { id } of this.peers.all) this.peers.setDecaying(id, rule.name, undefined, now);
    this.rest();
  }

  /** For the first tick on which a tag is due: what would have come due while nothing could decay is passed over. */
  private arm(): void {
    const now = this.scheduler.now();
    const lastTickAt = this.lastTickAt();
    let earliest = Infinity;
    for (const rule of this.running.values()) {
      const missed = Math.floor((lastTickAt - rule.nextAt) / rule.intervalMs) + 1;
      if (missed > 0) rule.nextAt += missed * rule.intervalMs;
      earliest = Math.min(earliest, rule.nextAt);
    }
    const ticks = Math.ceil((earliest - this.startedAt) / RESOLUTION_MS);
    const dueAt = this.startedAt + ticks * RESOLUTION_MS;
    this.timer?.unsubscribe();
    this.timer = this.scheduler.schedule(
      () => {
        this.timer = undefined;
        this.tick();
        if (this.peers.decays) this.arm();
      },
      Math.max(0, dueAt - now),
    );
  }

  /** Once for each tag that is due, also when the clock has jumped over several of its times. */
  private tick(): void {
    const now = this.scheduler.now();
    const due = [...this.running.values()].filter(({ nextAt }) => nextAt <= now);
    for (const { id, decaying } of this.peers.all) {
      for (const { name, decay } of due) {
        const before = decaying.get(name);
        if (before === undefined) continue;
        const value = decay(before, now);
        this.peers.setDecaying(id, name, value === undefined ? undefined : { ...before, value }, now);
      }
    }
    for (const rule of due) rule.nextAt += rule.intervalMs;
  }

  private lastTickAt(): number {
    const ticks = Math.floor((this.scheduler.now() - this.startedAt) / RESOLUTION_MS);
    return this.startedAt + ticks * RESOLUTION_MS;
  }

  private assertOpen(rule: Running, what: string): void {
    if (this.running.get(rule.name) !== rule)
      throw invalid(`decaying tag ${rule.name} had been closed; no further ${what} are accepted`);
  }
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', message);
}
