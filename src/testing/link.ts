import { Libp2pError } from '../core/errors.js';
import { show } from '../core/show.js';
import type { LinkConditions } from '../transports/memory-link.js';

/**
 * What lies between two hosts, one way. It carries connections as TCP would over such a line: whatever happens, bytes come
 * in order, once, or not at all. Chance comes from the network's seed.
 */
export interface Link {
  /** How long everything takes, ms; 0 if left out. */
  latencyMs?: number | undefined;
  /** How much longer a write takes at random, ms, evenly from 0 on; 0 if left out. What one connection sends stays in order, so a late piece holds up those behind it. */
  jitterMs?: number | undefined;
  /**
   * What all connections on this link share, bytes a second; `Infinity`, which is no bound, if left out. Pieces of 1,460
   * bytes (on fast links, of 1 ms, up to 64 KiB) wait behind each other. A connection may have 256 KiB under way or unread:
   * beyond, its writer has no room until half of that is left; ERR_WRITE_STALLED when none of it is taken for 10 s.
   */
  bytesPerSecond?: number | undefined;
  /**
   * The share of segments of 1,460 bytes that gets lost, from 0 to 1; 0 if left out. A lost segment is sent again one round
   * trip later (at least 10 ms), twice as late each further time up to 60 s, and what is behind it waits. A connect that
   * gets lost is tried again after 1 s, 2 s, 4 s, up to 60 s.
   */
  loss?: number | undefined;
  /**
   * Whether anything passes; true if left out. While it is false nothing passes and nothing is refused: what is under way
   * or written is held, and sets out anew when the link is up again; connects hang, and try again as lost ones do. The
   * other direction stays as it is, but for what it needs back: its writers get no room while nobody can say that bytes
   * were taken.
   */
  up?: boolean | undefined;
  /**
   * Whether it swallows all that it is given; false if left out. What it swallowed is gone, and a connection of which it
   * swallowed something stays silent in this direction for good, as behind a router that has forgotten it. New connections
   * work once it is false again.
   */
  blackHole?: boolean | undefined;
}

type Kind = readonly [isRight: (value: unknown) => boolean, takes: string];
const fromZero: Kind = [(value) => isNumber(value) && value >= 0 && value < Infinity, 'a number from 0 on'];
const yesOrNo: Kind = [(value) => typeof value === 'boolean', 'true or false'];
const KINDS: ReadonlyMap<string, Kind> = new Map<keyof Link, Kind>([
  ['latencyMs', fromZero],
  ['jitterMs', fromZero],
  ['bytesPerSecond', [(value) => isNumber(value) && value > 0, 'a number above 0, or Infinity']],
  ['loss', [(value) => isNumber(value) && value >= 0 && value <= 1, 'a number from 0 to 1']],
  ['up', yesOrNo],
  ['blackHole', yesOrNo],
]);

/** What was said, without what was left out. Throws ERR_INVALID_OPTION, naming the value. */
export function checkedLink(link: Link): Partial<LinkConditions> {
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(link) as [string, unknown][]) {
    if (value === undefined) continue;
    const kind = KINDS.get(name);
    if (kind === undefined) throw invalid(`a link has no "${name}" (its value: ${show(value)})`);
    if (!kind[0](value)) throw invalid(`link.${name} is ${show(value)}; it takes ${kind[1]}`);
    checked[name] = value;
  }
  return checked;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function invalid(what: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `simulateNetwork: ${what}`);
}
