/** The protocol, from both sides. What is said are go's lines, word for word: tests of other implementations look for them. */
import { concatMap, lastValueFrom, map, merge, of, take, tap, toArray } from 'rxjs';
import { lines, serve, withStream, type Host, type Stream } from 'rx-libp2p';

const ECHO = '/echo/1.0.0';
const MAX_LINE_BYTES = 4096;
export type Say = (line: string) => void;

/** Handles the protocol from now on. */
export function listen(host: Host, say: Say): void {
  for (const addr of host.addrs) say(`I am ${addr.toString()}`);
  host
    .handle(ECHO)
    .pipe(serve((stream) => echoLine(stream, say)))
    .subscribe();
  say('listening for connections');
}

/** Reads one line, writes it back, and is done: then the stream is closed. */
function echoLine(stream: Stream, say: Say) {
  say('listener received new stream');
  return stream.pipe(
    lines({ maxBytes: MAX_LINE_BYTES }),
    take(1),
    tap((line) => {
      say(`read: ${line}`);
    }),
    map((line) => new TextEncoder().encode(`${line}\n`)),
    concatMap((bytes) => stream.writeFrom([bytes])),
  );
}

/** Resolves with the answer. */
export async function sayHello(host: Host, target: string | readonly string[], say: Say): Promise<string> {
  say('sender opening stream');
  const hello = new TextEncoder().encode('Hello, world!\n');
  const answer$ = host.newStream(target, ECHO).pipe(
    tap(() => {
      say('sender saying hello');
    }),
    withStream((stream) =>
      merge(stream.writeFrom(of(hello)), stream.pipe(lines({ maxBytes: MAX_LINE_BYTES }))),
    ),
    toArray(),
  );
  const answer = `${(await lastValueFrom(answer$)).join('\n')}\n`;
  say(`read reply: ${JSON.stringify(answer)}`);
  return answer;
}
