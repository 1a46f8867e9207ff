/** What happens, as lines of text for whoever sets `DEBUG=rx-libp2p:*`: one more subscriber of the events. */
import type { Observer } from 'rxjs';
import { escaped } from '../core/errors.js';
import type { HostEvent } from '../core/events.js';
import { debugPatterns } from './debug-patterns.js';

const PREFIX = 'rx-libp2p:';
/** What a remote says may be long. @source reliability promises, P26 */
const MAX_TEXT_CHARS = 256;
/** Of a list: a remote may have hundreds of protocols. */
const MAX_ITEMS = 16;
/** The end of a peer id tells hosts of one process apart. */
const SELF_CHARS = 6;

/**
 * Writes a line for each event whose name, `rx-libp2p:` and its type, `debug` asks for: name, host, ms on the host's clock,
 * fields as JSON. `undefined` if it asks for none, so that nobody listens and no event is made.
 */
export function debugLog(
  debug: string | undefined,
  write: (line: string) => void,
): ((self: string) => Partial<Observer<HostEvent>>) | undefined {
  const patterns = debugPatterns(debug ?? '');
  if (!patterns.wantsSome(PREFIX)) return undefined;
  const known = new Map<string, boolean>();
  const wants = (type: HostEvent['type']): boolean => {
    const wanted = known.get(type) ?? patterns.wants(PREFIX + type);
    known.set(type, wanted);
    return wanted;
  };
  return (self) => ({
    next: (event) => {
      if (wants(event.type)) write(lineOf(self.slice(-SELF_CHARS), event));
    },
  });
}

function lineOf(self: string, { type, at, seq, ...fields }: HostEvent): string {
  return escaped(
    `${PREFIX}${type} ${self} #${String(seq)} ${at.toFixed(1)} ms ${JSON.stringify(fields, cut)}`,
  );
}

function cut(_: string, value: unknown): unknown {
  if (typeof value === 'string' && value.length > MAX_TEXT_CHARS) return `${value.slice(0, MAX_TEXT_CHARS)}…`;
  if (Array.isArray(value) && value.length > MAX_ITEMS)
    return [...(value.slice(0, MAX_ITEMS) as unknown[]), `… ${String(value.length - MAX_ITEMS)} more`];
  return value;
}
