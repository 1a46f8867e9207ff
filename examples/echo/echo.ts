/**
 * Echo, as in go-libp2p's examples, with which it talks in both roles.
 *
 *   npm start                          two hosts in this process, one echo, every event, and the dial drawn
 *   npm start -- -l 2222               listens
 *   npm start -- -l 2223 -d <address>  dials and says hello
 *
 * `-insecure` uses plaintext, `-seed N` the same Ed25519 key on every run.
 */
import { parseArgs } from 'node:util';
import { lastValueFrom, merge, of, tap, toArray } from 'rxjs';
import {
  createHost,
  drawDial,
  generateKey,
  lines,
  serve,
  withStream,
  type DialEvent,
  type Host,
  type HostEvent,
  type Stream,
} from 'rx-libp2p';
import { seededRandom } from 'rx-libp2p/testing';

const ECHO = '/echo/1.0.0';
const MAX_LINE_BYTES = 4096;

interface Flags {
  readonly listen: number;
  readonly target: string | undefined;
  readonly insecure: boolean;
  readonly seed: number;
}

/** go writes its flags with one dash, and so may we. */
function readFlags(argv: readonly string[]): Flags {
  const args = argv.map((arg) => (/^-[a-z]{2,}/.test(arg) ? `-${arg}` : arg));
  const { values } = parseArgs({
    args,
    options: {
      l: { type: 'string', short: 'l' },
      d: { type: 'string', short: 'd' },
      insecure: { type: 'boolean', default: false },
      seed: { type: 'string', default: '0' },
    },
  });
  return {
    listen: Number(values.l ?? 0),
    target: values.d,
    insecure: values.insecure,
    seed: Number(values.seed),
  };
}

function makeHost(
  { insecure, seed }: Flags,
  port: number,
  events?: (event: HostEvent) => void,
): Promise<Host> {
  return createHost({
    listen: [`/ip4/127.0.0.1/tcp/${String(port)}`],
    insecure,
    ...(seed === 0 ? {} : { privateKey: generateKey('Ed25519', { random: seededRandom(seed) }) }),
    ...(events === undefined ? {} : { events: { next: events } }),
  });
}

/** Reads one line, writes it back, and closes. */
function echoLine(stream: Stream): ReturnType<typeof lastValueFrom<unknown>> {
  console.log('listener received new stream');
  return new Promise((resolve, reject) => {
    stream.pipe(lines({ maxBytes: MAX_LINE_BYTES })).subscribe({
      next: (line) => {
        console.log(`read: ${line}`);
        stream.next(new TextEncoder().encode(`${line}\n`));
        resolve(line);
      },
      error: reject,
      complete: () => {
        resolve(undefined);
      },
    });
  });
}

function listen(host: Host): void {
  for (const addr of host.addrs) console.log(`I am ${addr.toString()}`);
  host.handle(ECHO).pipe(serve(echoLine)).subscribe();
  console.log('listening for connections');
}

async function sayHello(host: Host, target: string): Promise<void> {
  console.log('sender opening stream');
  const hello = new TextEncoder().encode('Hello, world!\n');
  const reply = await lastValueFrom(
    host.newStream(target, ECHO).pipe(
      tap(() => {
        console.log('sender saying hello');
      }),
      withStream((stream) =>
        merge(stream.writeFrom(of(hello)), stream.pipe(lines({ maxBytes: MAX_LINE_BYTES }))),
      ),
      toArray(),
    ),
  );
  console.log(`read reply: ${JSON.stringify(`${reply.join('\n')}\n`)}`);
}

const isDialEvent = (event: HostEvent): event is DialEvent => event.type.startsWith('dial:');

/** The main job: both sides in one process, everything they say, and the dial between them as a picture. */
async function demonstrate(flags: Flags): Promise<void> {
  const dial: DialEvent[] = [];
  const tell =
    (who: string) =>
    (event: HostEvent): void => {
      console.log(
        `  ${who.padEnd(8)} ${event.at.toFixed(1).padStart(9)} ms  ${JSON.stringify({ ...event, at: undefined })}`,
      );
    };
  const listener = await makeHost(flags, flags.listen, tell('listener'));
  listen(listener);
  const [addr] = listener.addrs;
  if (addr === undefined) throw new Error('the listener has no address');
  const sender = await makeHost({ ...flags, seed: 0 }, 0, (event) => {
    tell('sender')(event);
    if (isDialEvent(event)) dial.push(event);
  });
  await sayHello(sender, addr.toString());
  await sender.stop();
  await listener.stop();
  console.log(`\n${drawDial(dial)}`);
}

async function main(): Promise<void> {
  const flags = readFlags(process.argv.slice(2));
  if (flags.target !== undefined) {
    const host = await makeHost(flags, flags.listen);
    await sayHello(host, flags.target);
    await host.stop();
  } else if (flags.listen === 0) await demonstrate(flags);
  else {
    const host = await makeHost(flags, flags.listen);
    listen(host);
    console.log(
      `Now run "npm start -- -l ${String(flags.listen + 1)} -d ${host.addrs.join(' ')}${flags.insecure ? ' -insecure' : ''}" on a different terminal`,
    );
  }
}

await main();
