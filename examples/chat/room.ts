/**
 * A room of any number of peers, without a server. Everybody opens one stream to everybody else, for what they say
 * themselves; the first line on it tells the name and the addresses of all members, so whoever meets one meets all.
 */
import {
  catchError,
  concat,
  defer,
  EMPTY,
  filter,
  finalize,
  map,
  merge,
  mergeMap,
  of,
  Subject,
  tap,
} from 'rxjs';
import type { Observable } from 'rxjs';
import { lines, serve, withStream, type Host, type Stream } from 'rx-libp2p';
import { printable } from '../terminal.js';

export const CHAT = '/example-chat/1.0.0';
/** What strangers can make us hold. */
const MAX_LINE_BYTES = 16 * 1024;
const MAX_NAME = 24;
const MAX_MEMBERS = 64;
/** People may be silent for as long as they like. */
const idleTimeoutMs = Infinity;

export type Said =
  | { readonly type: 'join' | 'leave'; readonly name: string }
  | { readonly type: 'line'; readonly name: string; readonly text: string };
type Addrs = readonly string[];

/**
 * Enters the room of whoever has one of the addresses in `invitation`, or opens one. Emits what happens in it. Unsubscribing
 * leaves; so does the end of `typed$`.
 */
export function enterRoom(
  host: Host,
  name: string,
  typed$: Observable<string>,
  invitation: Addrs = [],
): Observable<Said> {
  const members = new Map<string, Addrs>();
  const spokenTo = new Set<string>([host.peerId.toString()]);
  const met = new Subject<Addrs>();
  const said = new Subject<Said>();

  const introduction = (): string =>
    JSON.stringify({ name, members: [host.addrs.map(String), ...members.values()] });

  const speak = (addrs: Addrs): Observable<never> =>
    host.newStream(addrs, CHAT, { idleTimeoutMs }).pipe(
      withStream((stream) =>
        stream.writeFrom(
          concat(
            defer(() => of(introduction())),
            typed$,
          ).pipe(map(encodeLine)),
        ),
      ),
      // Who cannot be reached, or has gone, is not spoken to; the others are.
      catchError(() => EMPTY),
      finalize(() => spokenTo.delete(peerIn(addrs))),
    );

  const hear = (stream: Stream): Observable<string> => {
    const peer = stream.connection.remotePeer.toString();
    let speaker: string | undefined;
    return stream.pipe(
      lines({ maxBytes: MAX_LINE_BYTES }),
      tap((line) => {
        if (speaker !== undefined) {
          said.next({ type: 'line', name: speaker, text: printable(line, MAX_LINE_BYTES) });
          return;
        }
        const introduced = readIntroduction(line);
        speaker = introduced.name;
        members.set(peer, introduced.members[0] ?? []);
        said.next({ type: 'join', name: speaker });
        for (const addrs of introduced.members) met.next(addrs);
      }),
      finalize(() => {
        if (speaker === undefined) return;
        members.delete(peer);
        said.next({ type: 'leave', name: speaker });
      }),
    );
  };

  const speaking$ = merge(of(invitation), met).pipe(
    filter((addrs) => addrs.length > 0 && !spokenTo.has(peerIn(addrs)) && spokenTo.size <= MAX_MEMBERS),
    tap((addrs) => spokenTo.add(peerIn(addrs))),
    mergeMap(speak),
  );
  const hearing$ = host.handle(CHAT, { idleTimeoutMs, maxInboundStreams: MAX_MEMBERS }).pipe(serve(hear));
  return merge(said, hearing$, speaking$);
}

const peerIn = (addrs: Addrs): string => addrs[0]?.split('/p2p/').at(-1) ?? '';

const encodeLine = (line: string): Uint8Array => new TextEncoder().encode(`${line}\n`);

/** A stranger wrote this: what is not as agreed throws, and ends that stream and no other. */
function readIntroduction(line: string): { name: string; members: readonly Addrs[] } {
  const { name, members } = JSON.parse(line) as { name: unknown; members: unknown };
  if (typeof name !== 'string' || !Array.isArray(members)) throw new Error('this is no introduction');
  return { name: printable(name, MAX_NAME), members: members.slice(0, MAX_MEMBERS).filter(isAddrs) };
}

const isAddrs = (value: unknown): value is Addrs =>
  Array.isArray(value) && value.length < 16 && value.every((addr) => typeof addr === 'string');
